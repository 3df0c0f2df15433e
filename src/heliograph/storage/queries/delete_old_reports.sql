-- Reports that are owed no more; one that was put back to be tried again by now stays.
-- $1 buckets, $2 messages, $3 account, $4 before when the first try was
DELETE FROM report_retry r
USING unnest($1::smallint[], $2::bytea[]) AS u(bucket, message_id)
WHERE r.bucket = u.bucket AND r.message_id = u.message_id AND r.account_id = $3 AND (r.parked OR r.first_try < $4)
