UPDATE account SET incoming_url = $2 WHERE account_id = $1 RETURNING account_id
