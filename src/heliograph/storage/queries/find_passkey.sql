-- $1 credential
SELECT p.user_id, p.public_key, p.sign_count
FROM passkey p
JOIN portal_user u USING (user_id)
WHERE p.credential_id = $1 AND u.disabled_at IS NULL
