-- Who has an address, with their password.
-- $1 email in lower case
SELECT user_id, password_hash FROM portal_user WHERE email = $1 AND disabled_at IS NULL
