INSERT INTO guard_rule (account_id, prefix, mode, most, seconds)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, prefix) DO UPDATE
SET mode = excluded.mode, most = excluded.most, seconds = excluded.seconds
