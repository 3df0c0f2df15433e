-- Decide for good: sent once more at $5, or never. $1 carrier, $2 messages, $3 segments, $4 which are sent once more
UPDATE in_doubt d
SET resend_at = NULL, resent_at = CASE WHEN u.is_sent THEN $5::timestamptz ELSE d.resent_at END
FROM unnest($2::bytea[], $3::smallint[], $4::boolean[]) AS u(message_id, segment, is_sent)
WHERE d.carrier_id = $1 AND d.message_id = u.message_id AND d.segment = u.segment
