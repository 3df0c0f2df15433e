-- Only one that is being replaced: the newest goes on signing.
DELETE FROM webhook_secret WHERE account_id = $1 AND secret_id = $2 AND expires_at IS NOT NULL
RETURNING secret_id, created_at, expires_at
