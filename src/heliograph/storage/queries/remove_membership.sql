-- $1 account, $2 user
DELETE FROM membership WHERE account_id = $1 AND user_id = $2 RETURNING user_id
