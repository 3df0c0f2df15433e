SELECT account_id, amount FROM balance WHERE account_id = ANY ($1::bigint[])
