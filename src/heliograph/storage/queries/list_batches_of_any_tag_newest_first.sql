-- A filter that is null chooses every batch. $2 and $3 ids between which it lies; $4 and $5 made from and before;
-- $6 sender; $7 reference; $8 direction; $9 how many to leave out, $10 at most; $11 tags, any of them.
SELECT batch_id, created_at, direction = 1 AS incoming, sender, body, flash, coding, priority, templated,
       opens, closes, delivery_report_url, reference, tags, message_count, charged, refunded, canceled_at, test,
       paused_at
FROM batch
WHERE account_id = $1 AND batch_id > $2 AND batch_id < $3 AND hidden_at IS NULL
  AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::timestamptz IS NULL OR created_at < $5)
  AND ($6::text IS NULL OR sender = $6) AND ($7::text IS NULL OR reference = $7)
  AND ($8::smallint IS NULL OR direction = $8)
  AND batch_id IN (SELECT batch_id FROM batch_tag
                   WHERE account_id = $1 AND tag = ANY ($11) AND batch_id > $2 AND batch_id < $3)
ORDER BY batch_id DESC
OFFSET $9
LIMIT $10
