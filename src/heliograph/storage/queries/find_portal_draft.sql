SELECT contents, batch_id FROM portal_draft WHERE account_id = $1 AND draft_id = $2 AND user_id = $3
