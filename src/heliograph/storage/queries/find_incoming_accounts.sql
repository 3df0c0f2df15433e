SELECT account_id, number, currency, incoming_url FROM account WHERE account_id = ANY ($1::bigint[])
