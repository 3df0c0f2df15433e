-- The newest messages that went out.
-- $1 account, $2 how many at most
SELECT m.recipient, m.message_id, m.batch_id
FROM message m
JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
WHERE m.account_id = $1 AND b.direction = 0 AND b.hidden_at IS NULL
ORDER BY m.message_id DESC
LIMIT $2
