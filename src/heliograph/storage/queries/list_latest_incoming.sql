-- The newest batches that came in: each is one message, with the id that follows the batch's.
-- $1 account, $2 how many at most
SELECT sender, batch_id
FROM batch
WHERE account_id = $1 AND direction = 1::smallint AND hidden_at IS NULL
ORDER BY batch_id DESC
LIMIT $2
