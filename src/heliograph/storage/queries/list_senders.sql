SELECT sender, created_at FROM sender WHERE account_id = $1 ORDER BY lower(sender) COLLATE "C", sender COLLATE "C"
