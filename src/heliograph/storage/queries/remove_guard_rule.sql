DELETE FROM guard_rule WHERE account_id = $1 AND prefix = $2 RETURNING prefix
