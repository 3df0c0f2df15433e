SELECT amount FROM balance WHERE account_id = $1
