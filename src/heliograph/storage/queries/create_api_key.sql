INSERT INTO api_key (key_id, account_id, secret_hash, name, created_at, expires_at, scopes, networks, is_test,
                     rate_limit, rate_burst)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
