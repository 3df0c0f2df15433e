DELETE FROM removal WHERE created_at < $1
