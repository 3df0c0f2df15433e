SELECT account_id FROM account WHERE number = $2 AND parent_id = $1
