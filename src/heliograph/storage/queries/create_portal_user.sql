-- A new user of the portal; nothing if the address is somebody's already.
-- $1 name, $2 email in lower case or null, $3 operator, $4 now
INSERT INTO portal_user (user_id, name, email, is_operator, created_at)
SELECT coalesce(max(user_id), 0) + 1, $1, $2, $3, $4 FROM portal_user
ON CONFLICT (email) DO NOTHING
RETURNING user_id
