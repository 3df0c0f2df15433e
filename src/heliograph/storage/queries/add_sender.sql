INSERT INTO sender (account_id, sender, created_at) VALUES ($1, $2, $3)
ON CONFLICT (account_id, sender) DO NOTHING
RETURNING sender
