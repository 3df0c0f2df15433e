DELETE FROM sender WHERE account_id = $1 AND sender = $2 RETURNING sender, created_at
