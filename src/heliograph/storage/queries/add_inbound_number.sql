INSERT INTO inbound_number (number, account_id, shared, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (number) DO NOTHING
RETURNING number
