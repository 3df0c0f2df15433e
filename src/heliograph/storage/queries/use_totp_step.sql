-- A code counts once: nothing if this step or a later one was used.
-- $1 user, $2 step
UPDATE portal_user SET totp_step = $2 WHERE user_id = $1 AND totp_step < $2 RETURNING user_id
