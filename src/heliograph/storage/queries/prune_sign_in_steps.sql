-- $1 ended before
DELETE FROM sign_in_step WHERE expires_at < $1
