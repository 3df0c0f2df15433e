-- Messages that have events waiting for another try.
SELECT message_id, tries, first_try, due_at, events
FROM report_retry
WHERE bucket = $1 AND message_id = ANY ($2::bytea[]) AND NOT parked
