-- The newest $4 messages to $2 whose sender is somebody else, by direction and code; filled in up to $3.
SELECT direction = 1 AS incoming, code, count(*)::integer AS messages, sum(segments)::integer AS segments
FROM (
    SELECT direction, code, segments
    FROM (
        (SELECT m.message_id, b.direction, m.code, m.segments
         FROM conversation c
         JOIN message m ON m.account_id = $1 AND m.message_id = c.message_id
         JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
         WHERE c.account_id = $1 AND c.participant = $2 AND c.message_id <= $3
           AND b.hidden_at IS NULL AND b.sender <> $2
         ORDER BY c.message_id DESC
         LIMIT $4)
        UNION ALL
        (SELECT m.message_id, b.direction, m.code, m.segments
         FROM message m
         JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
         WHERE m.account_id = $1 AND m.recipient = $2 AND m.message_id > $3
           AND b.hidden_at IS NULL AND b.sender <> $2
         ORDER BY m.message_id DESC
         LIMIT $4)
    ) AS found
    ORDER BY message_id DESC
    LIMIT $4
) AS newest
GROUP BY direction, code
