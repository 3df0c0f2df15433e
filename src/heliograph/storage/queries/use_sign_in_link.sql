-- Use a link up; nothing if it was used, has ended, or its user is disabled.
-- $1 hash, $2 now
UPDATE sign_in_link l
SET used_at = $2
FROM portal_user u
WHERE l.link_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND u.user_id = l.user_id AND u.disabled_at IS NULL
RETURNING l.user_id, l.kind
