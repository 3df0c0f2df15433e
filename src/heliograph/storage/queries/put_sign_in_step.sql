-- $1 hash, $2 user or null, $3 challenge, $4 when it ends
INSERT INTO sign_in_step (step_hash, user_id, challenge, expires_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (step_hash) DO UPDATE
SET user_id = excluded.user_id, challenge = excluded.challenge, expires_at = excluded.expires_at
