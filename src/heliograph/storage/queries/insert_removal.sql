-- $1 account, $2 removal, $3 user, $4 now, $5 contents
INSERT INTO removal (account_id, removal_id, user_id, created_at, contents) VALUES ($1, $2, $3, $4, $5)
