-- What was given up of messages ($3) of an account ($1), in a bucket ($2). What somebody else puts back or
-- writes down at this moment is passed over.
SELECT message_id, origin, CASE WHEN parked THEN events END, given_up, parked
FROM report_retry
WHERE account_id = $1 AND bucket = $2 AND message_id = ANY ($3::bytea[]) AND (parked OR given_up IS NOT NULL)
FOR UPDATE SKIP LOCKED
