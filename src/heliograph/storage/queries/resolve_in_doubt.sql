-- Segments that are in doubt no longer; the answer names those that were until now.
DELETE FROM in_doubt d
USING unnest($2::bytea[], $3::smallint[]) AS u(message_id, segment)
WHERE d.carrier_id = $1 AND d.message_id = u.message_id AND d.segment = u.segment
RETURNING d.message_id, d.segment
