UPDATE batch
SET hidden_at = NULL
WHERE account_id = $1 AND batch_id = $2 AND hidden_at IS NOT NULL
RETURNING batch_id
