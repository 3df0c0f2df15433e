-- Nothing of messages ($2, with their buckets $1) waits any more; what was given up of them stays.
WITH done AS (
    SELECT u.bucket, u.message_id FROM unnest($1::smallint[], $2::bytea[]) AS u(bucket, message_id)
), kept AS (
    UPDATE report_retry r
    SET parked = true, events = r.given_up, given_up = NULL
    FROM done d
    WHERE r.bucket = d.bucket AND r.message_id = d.message_id AND r.given_up IS NOT NULL AND NOT r.parked
)
DELETE FROM report_retry r
USING done d
WHERE r.bucket = d.bucket AND r.message_id = d.message_id AND r.given_up IS NULL AND NOT r.parked
