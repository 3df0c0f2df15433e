SELECT count(*) FROM blacklist WHERE account_id = $1
