-- $1 account, $2 draft, $3 user, $4 contents, $5 file or null
UPDATE portal_draft SET contents = $4, file = $5
WHERE account_id = $1 AND draft_id = $2 AND user_id = $3 AND batch_id IS NULL
RETURNING true
