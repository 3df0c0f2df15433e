SELECT key_id, account_id, name, created_at, expires_at, revoked_at, last_used_at, scopes, networks, is_test,
       rate_limit, rate_burst
FROM api_key
WHERE account_id = $1
ORDER BY created_at, key_id
