-- Take back what was counted for a request that came to nothing.
-- $1 account, $2 prefixes, $3 seconds of their windows, $4 when those began, $5 recipients, $6 of them beyond
-- the limit, $7 of them blocked
WITH held AS (
    SELECT w.prefix, w.seconds, w.starts_at, u.recipients, u.beyond, u.blocked
    FROM guard_window w
    JOIN unnest($2::text[], $3::integer[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::bigint[])
        AS u(prefix, seconds, starts_at, recipients, beyond, blocked)
        ON u.prefix = w.prefix AND u.seconds = w.seconds AND u.starts_at = w.starts_at
    WHERE w.account_id = $1
    ORDER BY w.prefix
    FOR NO KEY UPDATE OF w
)
UPDATE guard_window w
SET recipients = w.recipients - h.recipients,
    beyond = w.beyond - h.beyond,
    blocked = w.blocked - h.blocked,
    exceeded_at = CASE WHEN w.beyond > h.beyond THEN w.exceeded_at END
FROM held h
WHERE w.account_id = $1 AND w.prefix = h.prefix AND w.seconds = h.seconds AND w.starts_at = h.starts_at
