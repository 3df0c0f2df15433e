-- $1 hash, $2 now
SELECT i.account_id, i.email, i.role, a.name
FROM invitation i
JOIN account a USING (account_id)
WHERE i.link_hash = $1 AND i.used_at IS NULL AND i.expires_at > $2 AND a.disabled_at IS NULL
