-- $1 user, $2 seen after, $3 begun after
SELECT login_hash, created_at, seen_at, browser
FROM login
WHERE user_id = $1 AND seen_at > $2 AND created_at > $3
ORDER BY seen_at DESC, login_hash
LIMIT 100
