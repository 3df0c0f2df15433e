-- What must be known of messages to send some of their segments once more. $1 account, $2 messages, $3 and $4
-- the lowest and highest of them
SELECT m.message_id, m.batch_id, m.code, m.rank, m.ranks, m.segments,
       m.encoding, m.recipient, coalesce(m.body, b.body) AS body, b.sender, b.flash, b.priority, b.opens, b.closes,
       b.paused_at IS NOT NULL AS is_paused
FROM message m
JOIN batch b ON b.account_id = m.account_id AND b.batch_id = m.batch_id
WHERE m.account_id = $1 AND m.message_id = ANY ($2::bytea[]) AND m.message_id BETWEEN $3 AND $4
