-- $1 account, $2 removal, $3 user, $4 since when. Whoever takes it is the only one who has it.
DELETE FROM removal
WHERE account_id = $1 AND removal_id = $2 AND user_id = $3 AND created_at >= $4
RETURNING contents
