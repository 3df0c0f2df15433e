-- $1 user
SELECT password_hash FROM portal_user WHERE user_id = $1 AND disabled_at IS NULL
