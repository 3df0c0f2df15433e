-- The lowest id after $1, up to $2, among the messages of all accounts.
SELECT found.message_id
FROM (
    SELECT (SELECT m.message_id
            FROM message m
            WHERE m.account_id = a.account_id AND m.message_id > $1 AND m.message_id <= $2
            ORDER BY m.message_id
            LIMIT 1) AS message_id
    FROM account a
    OFFSET 0
) AS found
WHERE found.message_id IS NOT NULL
ORDER BY found.message_id
LIMIT 1
