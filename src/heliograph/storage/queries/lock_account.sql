-- Whoever changes the members of an account, or imports contacts into it, waits for whoever else does.
-- $1 account
SELECT account_id FROM account WHERE account_id = $1 FOR NO KEY UPDATE
