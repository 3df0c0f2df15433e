-- The carrier accepted second tries: their first ones stay noted until $3, since receipts of them may come.
-- $1 carrier, $2 now, $4 messages, $5 segments
UPDATE in_doubt d
SET accepted_at = $2, closes_at = $3, resend_at = NULL
FROM unnest($4::bytea[], $5::smallint[]) AS u(message_id, segment)
WHERE d.carrier_id = $1 AND d.message_id = u.message_id AND d.segment = u.segment
