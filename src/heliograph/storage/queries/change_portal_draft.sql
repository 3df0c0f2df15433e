-- $1 account, $2 draft, $3 user, $4 contents. What was sent stays as it is.
UPDATE portal_draft SET contents = $4
WHERE account_id = $1 AND draft_id = $2 AND user_id = $3 AND batch_id IS NULL
RETURNING true
