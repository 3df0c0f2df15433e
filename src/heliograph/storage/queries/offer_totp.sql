-- $1 user, $2 sealed secret or null
UPDATE portal_user SET sealed_new_totp = $2 WHERE user_id = $1
