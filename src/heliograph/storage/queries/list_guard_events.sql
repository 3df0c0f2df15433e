-- The windows in which a limit of the velocity guard was passed, latest first.
-- $1 account, null for every one; $2 how many
SELECT w.account_id, w.prefix, w.seconds, w.starts_at, w.recipients, w.most, w.blocks, w.beyond, w.blocked,
       w.exceeded_at
FROM guard_window w
WHERE w.exceeded_at IS NOT NULL AND ($1::bigint IS NULL OR w.account_id = $1)
ORDER BY w.exceeded_at DESC, w.account_id, w.prefix
LIMIT $2
