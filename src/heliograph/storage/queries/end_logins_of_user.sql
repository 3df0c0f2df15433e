-- $1 user, $2 the login that stays, or null
DELETE FROM login WHERE user_id = $1 AND login_hash IS DISTINCT FROM $2
