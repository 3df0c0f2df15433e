-- Everything that was given up of messages ($3, with their buckets $2) is put back, and nothing of them waits.
DELETE FROM report_retry r
USING unnest($2::smallint[], $3::bytea[]) AS u(bucket, message_id)
WHERE r.account_id = $1 AND r.bucket = u.bucket AND r.message_id = u.message_id AND r.parked
