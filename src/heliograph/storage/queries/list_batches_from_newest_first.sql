-- Batches from $2 after the id $3 with messages before $4; $5 direction, or null for both; $6 at most.
SELECT batch_id, message_count, direction = 1 AS incoming
FROM batch
WHERE account_id = $1 AND sender = $2 AND batch_id > $3 AND batch_id < $4
  AND hidden_at IS NULL AND ($5::smallint IS NULL OR direction = $5)
ORDER BY batch_id DESC
LIMIT $6
