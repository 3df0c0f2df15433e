INSERT INTO webhook_secret (account_id, secret_id, sealed, created_at) VALUES ($1, $2, $3, $4)
