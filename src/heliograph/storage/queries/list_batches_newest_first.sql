-- $2 tags of which a batch must have one, or null for every batch; $3 how many to leave out, $4 at most.
SELECT batch_id, created_at, direction = 1 AS incoming, sender, body, flash, coding, priority, templated,
       opens, closes, delivery_report_url, reference, tags, message_count, charged, refunded, canceled_at, test,
       paused_at
FROM batch
WHERE account_id = $1 AND hidden_at IS NULL AND ($2::text[] IS NULL OR tags && $2)
ORDER BY batch_id DESC
OFFSET $3
LIMIT $4
