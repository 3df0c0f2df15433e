-- What the members of an account are, there and in every other account.
-- $1 account
SELECT m.user_id, m.account_id, m.role
FROM membership m
WHERE m.user_id IN (SELECT o.user_id FROM membership o WHERE o.account_id = $1)
