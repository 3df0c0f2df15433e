-- $1 user, $2 argon2id
UPDATE portal_user SET password_hash = $2 WHERE user_id = $1
