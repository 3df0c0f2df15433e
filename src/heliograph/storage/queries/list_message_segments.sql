-- The segments of a message that a carrier accepted on the days from $2 to $3. No index leads here: the days bound
-- it, and the caller the time it may take.
SELECT segment, smsc_hash, smsc_id, day
FROM segment
WHERE carrier_id = $1 AND day BETWEEN $2 AND $3 AND account_id = $4 AND message_id = $5
ORDER BY day, segment
LIMIT $6
