-- Which segments of a message are in doubt, since when, and when they were sent once more. $1 carrier, $2 account,
-- $3 message
SELECT segment, noted_at, resent_at
FROM in_doubt
WHERE carrier_id = $1 AND account_id = $2 AND message_id = $3
ORDER BY segment
