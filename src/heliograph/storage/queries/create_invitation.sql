-- $1 hash, $2 account, $3 email, $4 role, $5 now, $6 when it ends
INSERT INTO invitation (link_hash, account_id, email, role, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
