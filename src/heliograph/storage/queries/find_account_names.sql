SELECT account_id, number, name FROM account WHERE account_id = ANY ($1::bigint[])
