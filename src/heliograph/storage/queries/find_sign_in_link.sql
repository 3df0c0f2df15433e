-- A link that still counts, without using it up.
-- $1 hash, $2 now
SELECT l.user_id, l.kind, u.name, u.email
FROM sign_in_link l
JOIN portal_user u USING (user_id)
WHERE l.link_hash = $1 AND l.used_at IS NULL AND l.expires_at > $2 AND u.disabled_at IS NULL
