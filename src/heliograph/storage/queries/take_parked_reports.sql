-- Take out reports that were given up: $4 at most.
WITH chosen AS (
    SELECT message_id
    FROM report_retry
    WHERE bucket = $1 AND account_id = $2 AND origin = $3 AND parked
    ORDER BY message_id
    LIMIT $4
    FOR UPDATE SKIP LOCKED
)
DELETE FROM report_retry r
USING chosen c
WHERE r.bucket = $1 AND r.account_id = $2 AND r.message_id = c.message_id
RETURNING r.message_id, r.events
