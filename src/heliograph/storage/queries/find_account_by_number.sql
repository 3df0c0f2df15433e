SELECT account_id FROM account WHERE number = $1
