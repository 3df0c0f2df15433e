-- $1 user, $2 credential
DELETE FROM passkey WHERE user_id = $1 AND credential_id = $2 RETURNING credential_id
