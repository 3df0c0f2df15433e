-- The messages of batches. $1 account, $2 and $3 lowest and highest message id of each batch, $4 and $5 of all of
-- them together, which lets unneeded partitions be skipped.
SELECT found.message_id, found.recipient, found.code, found.history
FROM unnest($2::bytea[], $3::bytea[]) AS u(first_id, last_id)
CROSS JOIN LATERAL (
    SELECT m.message_id, m.recipient, m.code, m.history
    FROM message m
    WHERE m.account_id = $1 AND m.message_id BETWEEN u.first_id AND u.last_id
      AND m.message_id BETWEEN $4 AND $5
    OFFSET 0
) AS found
