-- $1 hash, $2 now
SELECT s.user_id, s.challenge
FROM sign_in_step s
LEFT JOIN portal_user u USING (user_id)
WHERE s.step_hash = $1 AND s.expires_at > $2 AND u.disabled_at IS NULL
