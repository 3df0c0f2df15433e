UPDATE batch
SET canceled_at = $3
WHERE account_id = $1 AND batch_id = $2
