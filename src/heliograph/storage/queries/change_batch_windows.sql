UPDATE batch
SET opens = $3, closes = $4
WHERE account_id = $1 AND batch_id = $2
