-- What windows of the velocity guard hold; those in which nothing was counted are missing.
-- $1 account, $2 prefixes, $3 seconds of their windows, $4 when those began
SELECT w.prefix, w.recipients
FROM guard_window w
JOIN unnest($2::text[], $3::integer[], $4::timestamptz[]) AS u(prefix, seconds, starts_at)
    ON u.prefix = w.prefix AND u.seconds = w.seconds AND u.starts_at = w.starts_at
WHERE w.account_id = $1
