-- A user by id or by address.
-- $1 user or null, $2 email in lower case or null
SELECT user_id, email, name, is_operator, language, time_zone, password_hash IS NOT NULL, sealed_totp IS NOT NULL,
       disabled_at
FROM portal_user
WHERE user_id = $1::bigint OR email = $2::text
