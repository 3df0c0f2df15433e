-- $1 ended before
DELETE FROM invitation WHERE expires_at < $1 OR used_at < $1
