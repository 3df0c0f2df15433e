SELECT request_hash, status, answer, location FROM idempotency WHERE account_id = $1 AND route = $2 AND key = $3
