-- The newest messages below the id $2, of whatever batches; $3 how many at most.
SELECT m.message_id, m.batch_id
FROM message m
JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
WHERE m.account_id = $1 AND m.message_id < $2 AND b.hidden_at IS NULL
ORDER BY m.message_id DESC
LIMIT $3
