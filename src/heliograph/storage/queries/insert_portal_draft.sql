-- $1 account, $2 draft, $3 user, $4 now, $5 contents, $6 file or null
INSERT INTO portal_draft (account_id, draft_id, user_id, created_at, contents, file)
VALUES ($1, $2, $3, $4, $5, $6)
