UPDATE batch
SET hidden_at = $3
WHERE account_id = $1 AND batch_id = $2 AND hidden_at IS NULL
