-- The numbers of an account's newest messages, the latest first.
-- $1 account, $2 how many messages are looked at, $3 how many numbers at most
SELECT recipient
FROM (
    SELECT m.recipient, m.message_id, b.direction
    FROM message m JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
    WHERE m.account_id = $1
    ORDER BY m.message_id DESC
    LIMIT $2
) AS newest
WHERE direction = 0 AND recipient NOT LIKE 'erased:%'
GROUP BY recipient
ORDER BY max(message_id) DESC
LIMIT $3
