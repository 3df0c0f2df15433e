-- Accepted segments by the hash of the carrier's id, newest first. $3 to $4: the days to look in.
SELECT s.smsc_hash, s.segment, s.segments, s.recipient_tail, s.account_id, s.message_id, s.smsc_id
FROM segment s
JOIN unnest($2::bigint[]) AS u(smsc_hash) ON s.smsc_hash = u.smsc_hash
WHERE s.carrier_id = $1 AND s.day BETWEEN $3 AND $4
ORDER BY s.day DESC
