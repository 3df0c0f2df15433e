-- $1 hash, $2 now
UPDATE login SET confirmed_at = $2 WHERE login_hash = $1
