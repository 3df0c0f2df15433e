SELECT count(*) FROM sender WHERE account_id = $1
