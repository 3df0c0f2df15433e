-- What was given up before of messages ($2, with their buckets $1).
SELECT r.message_id, CASE WHEN r.parked THEN r.events END, r.given_up
FROM report_retry r
JOIN unnest($1::smallint[], $2::bytea[]) AS u(bucket, message_id)
  ON r.bucket = u.bucket AND r.message_id = u.message_id
WHERE r.parked OR r.given_up IS NOT NULL
