-- Those of some segments in doubt that were sent once more.
SELECT d.message_id, d.segment
FROM in_doubt d
JOIN unnest($2::bytea[], $3::smallint[]) AS u(message_id, segment)
    ON u.message_id = d.message_id AND u.segment = d.segment
WHERE d.carrier_id = $1 AND d.resent_at IS NOT NULL
