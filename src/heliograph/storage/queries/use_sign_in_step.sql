-- $1 hash, $2 now
DELETE FROM sign_in_step WHERE step_hash = $1 AND expires_at > $2 RETURNING user_id, challenge
