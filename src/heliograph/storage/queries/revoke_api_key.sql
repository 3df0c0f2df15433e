-- $3 the account whose key it must be, or null for any.
UPDATE api_key
SET revoked_at = $2
WHERE key_id = $1 AND revoked_at IS NULL AND ($3::bigint IS NULL OR account_id = $3)
RETURNING key_id
