-- $1 user
UPDATE portal_user SET sealed_totp = NULL, sealed_new_totp = NULL WHERE user_id = $1
