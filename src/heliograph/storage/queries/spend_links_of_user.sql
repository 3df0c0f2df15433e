-- Another link has let them in, or a newer one was made.
-- $1 user, $2 now
UPDATE sign_in_link SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL
