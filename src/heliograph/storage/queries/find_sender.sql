SELECT sender, created_at FROM sender WHERE account_id = $1 AND sender = $2
