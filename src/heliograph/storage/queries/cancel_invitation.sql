-- $1 account, $2 hash, or null for all to the address; $3 email or null
DELETE FROM invitation
WHERE account_id = $1 AND used_at IS NULL AND (link_hash = $2::bytea OR email = $3::text)
RETURNING email
