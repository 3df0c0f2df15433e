DELETE FROM idempotency WHERE account_id = $1 AND route = $2 AND key = $3 AND status = 0
