-- $3 since when, null: it goes on.
UPDATE batch
SET paused_at = $3
WHERE account_id = $1 AND batch_id = $2
