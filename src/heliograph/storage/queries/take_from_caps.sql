-- Count what accounts with a cap spend today, where it stays within the cap: answers those.
-- $1 accounts, $2 what they spend, $3 their caps, $4 the day
UPDATE daily_spend s
SET spent = s.spent + u.total
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS u(account_id, total, cap)
WHERE s.account_id = u.account_id AND s.day = $4 AND s.spent + u.total <= u.cap
RETURNING s.account_id
