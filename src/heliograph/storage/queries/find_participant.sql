-- With whom a message of an account was exchanged.
-- $1 account, $2 message
SELECT CASE b.direction WHEN 1 THEN b.sender ELSE m.recipient END
FROM message m
JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id AND b.batch_id < $2
WHERE m.account_id = $1 AND m.message_id = $2 AND b.hidden_at IS NULL
