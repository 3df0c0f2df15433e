-- What is left of what was given up of messages ($3, with their buckets $2): $4, null for nothing.
UPDATE report_retry r
SET events = CASE WHEN r.parked THEN u.left_over ELSE r.events END,
    given_up = CASE WHEN r.parked THEN NULL ELSE u.left_over END
FROM unnest($2::smallint[], $3::bytea[], $4::bytea[]) AS u(bucket, message_id, left_over)
WHERE r.account_id = $1 AND r.bucket = u.bucket AND r.message_id = u.message_id
