-- $1 user
SELECT account_id, role FROM membership WHERE user_id = $1
