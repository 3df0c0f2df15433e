-- $1 user, $2 hash
DELETE FROM login WHERE user_id = $1 AND login_hash = $2 RETURNING login_hash
