-- Count the recipients of a request in the windows of the velocity guard; answers what each window holds then.
-- Of two that come at once the second sees what the first one counted.
-- $1 account, $2 prefixes in ascending order, $3 seconds of their windows, $4 when those began, $5 recipients,
-- $6 limits, $7 whether what lies beyond them is blocked, $8 now
INSERT INTO guard_window AS w (account_id, prefix, seconds, starts_at, recipients, most, blocks, beyond,
                               blocked, counted_at, exceeded_at)
SELECT $1, u.prefix, u.seconds, u.starts_at, u.recipients, u.most, u.blocks,
       greatest(0, u.recipients - u.most),
       CASE WHEN u.blocks THEN greatest(0, u.recipients - u.most) ELSE 0 END,
       $8::timestamptz, CASE WHEN u.recipients > u.most THEN $8::timestamptz END
FROM unnest($2::text[], $3::integer[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::boolean[])
    AS u(prefix, seconds, starts_at, recipients, most, blocks)
ON CONFLICT (account_id, prefix, seconds, starts_at) DO UPDATE
SET recipients = w.recipients + excluded.recipients,
    most = excluded.most,
    blocks = excluded.blocks,
    beyond = w.beyond
        + least(excluded.recipients, greatest(0, w.recipients + excluded.recipients - excluded.most)),
    blocked = w.blocked + CASE WHEN excluded.blocks
        THEN least(excluded.recipients, greatest(0, w.recipients + excluded.recipients - excluded.most))
        ELSE 0 END,
    counted_at = excluded.counted_at,
    exceeded_at = coalesce(w.exceeded_at, CASE
        WHEN w.recipients + excluded.recipients > excluded.most THEN excluded.counted_at END)
RETURNING w.prefix, w.recipients
