-- Secrets that sign, the newest first.
SELECT secret_id, created_at, expires_at
FROM webhook_secret
WHERE account_id = $1 AND (expires_at IS NULL OR expires_at > $2)
ORDER BY expires_at DESC NULLS FIRST, created_at DESC, secret_id
