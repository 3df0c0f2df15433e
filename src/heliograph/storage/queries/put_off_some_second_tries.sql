-- $1 carrier, $2 until when, $3 messages, $4 segments
UPDATE in_doubt d
SET resend_at = $2
FROM unnest($3::bytea[], $4::smallint[]) AS u(message_id, segment)
WHERE d.carrier_id = $1 AND d.message_id = u.message_id AND d.segment = u.segment
