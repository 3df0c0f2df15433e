-- What waits of messages ($3, with their buckets $2) of an account ($1) for its next try is due now ($4).
UPDATE report_retry r
SET due_at = $4
FROM unnest($2::smallint[], $3::bytea[]) AS u(bucket, message_id)
WHERE r.account_id = $1 AND r.bucket = u.bucket AND r.message_id = u.message_id AND NOT r.parked AND r.due_at > $4
RETURNING r.message_id
