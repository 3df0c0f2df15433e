INSERT INTO inbound_keyword (number, keyword, account_id) VALUES ($1, $2, $3)
ON CONFLICT (number, keyword) DO NOTHING
RETURNING keyword
