SELECT key_id, account_id, secret_hash, expires_at, scopes, networks, is_test,
       rate_limit, rate_burst
FROM api_key
WHERE key_id = $1 AND revoked_at IS NULL
