-- $1 user, $2 hashes
INSERT INTO recovery_code (user_id, code_hash) SELECT $1, u.hash FROM unnest($2::bytea[]) AS u(hash)
