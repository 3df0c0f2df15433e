-- $1 credential, $2 sign count, $3 now
UPDATE passkey SET sign_count = $2, last_used_at = $3 WHERE credential_id = $1
