-- Browsers of somebody who has left an account look at it no more.
-- $1 account, $2 user
UPDATE login SET account_id = NULL WHERE account_id = $1 AND user_id = $2
