-- $1 ended before
DELETE FROM sign_in_link WHERE expires_at < $1 OR used_at < $1
