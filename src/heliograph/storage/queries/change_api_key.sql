UPDATE api_key
SET name = $2, expires_at = $3, scopes = $4, networks = $5, rate_limit = $6, rate_burst = $7
WHERE key_id = $1 AND revoked_at IS NULL
RETURNING key_id
