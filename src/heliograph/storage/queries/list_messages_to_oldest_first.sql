-- Messages to $2 whose sender is somebody else: filled in up to $3, after that by looking through. $4 and $5 ids
-- between which they lie; $6 direction, or null for both; $7 how many at most.
SELECT message_id, batch_id
FROM (
    (SELECT m.message_id, m.batch_id
     FROM conversation c
     JOIN message m ON m.account_id = $1 AND m.message_id = c.message_id
     JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
     WHERE c.account_id = $1 AND c.participant = $2 AND c.message_id <= $3
       AND c.message_id > $4 AND c.message_id < $5
       AND b.hidden_at IS NULL AND b.sender <> $2 AND ($6::smallint IS NULL OR b.direction = $6)
     ORDER BY c.message_id
     LIMIT $7)
    UNION ALL
    (SELECT m.message_id, m.batch_id
     FROM message m
     JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
     WHERE m.account_id = $1 AND m.recipient = $2 AND m.message_id > $3
       AND m.message_id > $4 AND m.message_id < $5
       AND b.hidden_at IS NULL AND b.sender <> $2 AND ($6::smallint IS NULL OR b.direction = $6)
     ORDER BY m.message_id
     LIMIT $7)
) AS found
ORDER BY message_id
LIMIT $7
