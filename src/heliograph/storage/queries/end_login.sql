-- $1 hash
DELETE FROM login WHERE login_hash = $1
