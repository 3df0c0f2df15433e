-- $1 hash, $2 now
UPDATE invitation SET used_at = $2 WHERE link_hash = $1 AND used_at IS NULL AND expires_at > $2
RETURNING account_id, role
