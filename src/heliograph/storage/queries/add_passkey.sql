-- $1 credential, $2 user, $3 public key, $4 sign count, $5 name, $6 now
INSERT INTO passkey (credential_id, user_id, public_key, sign_count, name, created_at) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (credential_id) DO NOTHING
RETURNING credential_id
