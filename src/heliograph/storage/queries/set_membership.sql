-- $1 account, $2 user, $3 role, $4 now
INSERT INTO membership (account_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (account_id, user_id) DO UPDATE SET role = excluded.role
