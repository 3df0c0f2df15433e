-- The secret that was shown becomes the one that counts, from the step after the one that proved it.
-- $1 user, $2 step
UPDATE portal_user SET sealed_totp = sealed_new_totp, sealed_new_totp = NULL, totp_step = $2
WHERE user_id = $1 AND sealed_new_totp IS NOT NULL
RETURNING user_id
