-- Name and address; nothing if the address is somebody else's. Null stays as it is.
-- $1 user, $2 name or null, $3 email in lower case or null
UPDATE portal_user u
SET name = coalesce($2::text, u.name), email = coalesce($3::text, u.email)
WHERE u.user_id = $1 AND NOT EXISTS (SELECT 1 FROM portal_user o WHERE o.email = $3::text AND o.user_id <> $1)
RETURNING u.user_id
