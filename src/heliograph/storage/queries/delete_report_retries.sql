DELETE FROM report_retry r
USING unnest($1::smallint[], $2::bytea[]) AS u(bucket, message_id)
WHERE r.bucket = u.bucket AND r.message_id = u.message_id
