-- $1 account, $2 now
SELECT link_hash, email, role, created_at, expires_at
FROM invitation
WHERE account_id = $1 AND used_at IS NULL AND expires_at > $2
ORDER BY created_at DESC, link_hash
LIMIT 200
