SELECT key_id, account_id, name, created_at, expires_at, revoked_at, last_used_at, scopes, networks, is_test,
       rate_limit, rate_burst
FROM api_key
WHERE key_id = $1
