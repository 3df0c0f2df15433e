-- Which of some segments in doubt were sent once more; locked, so that whoever decides it just now decides first.
SELECT d.message_id, d.segment, d.resent_at IS NOT NULL AS is_resent
FROM in_doubt d
JOIN unnest($2::bytea[], $3::smallint[]) AS u(message_id, segment)
    ON u.message_id = d.message_id AND u.segment = d.segment
WHERE d.carrier_id = $1
ORDER BY d.message_id, d.segment
FOR UPDATE OF d
