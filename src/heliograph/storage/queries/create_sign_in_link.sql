-- $1 hash, $2 user, $3 kind, $4 now, $5 when it ends
INSERT INTO sign_in_link (link_hash, user_id, kind, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)
