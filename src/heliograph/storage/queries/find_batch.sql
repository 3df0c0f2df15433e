SELECT batch_id, created_at, direction = 1 AS incoming, sender, body, flash, coding, priority, templated,
       opens, closes, delivery_report_url, reference, tags, message_count, charged, refunded, canceled_at, test,
       paused_at, missing_segments IS NOT NULL AS incomplete, opt_out
FROM batch
WHERE account_id = $1 AND batch_id = $2 AND hidden_at IS NULL
