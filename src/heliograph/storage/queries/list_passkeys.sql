-- $1 user
SELECT credential_id, public_key, sign_count, name, created_at, last_used_at
FROM passkey
WHERE user_id = $1
ORDER BY created_at, credential_id
