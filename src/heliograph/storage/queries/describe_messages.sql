-- What reports tell of messages beside the status. $1 account, $2 messages, $3 and $4 the lowest and highest.
SELECT m.message_id, m.batch_id, m.recipient, m.segments, m.price, b.reference, b.delivery_report_url,
       CASE WHEN b.direction = 1 THEN b.sender END, CASE WHEN b.direction = 1 THEN b.body END,
       m.encoding, b.flash, b.missing_segments IS NOT NULL, b.opt_out
FROM message m
JOIN batch b ON b.account_id = $1 AND b.account_id = m.account_id AND b.batch_id = m.batch_id
WHERE m.account_id = $1 AND m.message_id = ANY ($2::bytea[]) AND m.message_id BETWEEN $3 AND $4
