UPDATE idempotency
SET status = $4, answer = $5, location = $6
WHERE account_id = $1 AND route = $2 AND key = $3
