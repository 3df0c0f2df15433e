-- Messages of an account ($1) of which something was given up, with their buckets: behind $2 up to $3, of one
-- origin ($4) or all (null), $5 at most.
SELECT bucket, message_id
FROM report_retry
WHERE account_id = $1 AND message_id > $2 AND message_id <= $3 AND (parked OR given_up IS NOT NULL)
  AND ($4::text IS NULL OR origin = $4)
ORDER BY message_id
LIMIT $5
