UPDATE account SET rate_limit = $2, rate_burst = $3, daily_cap = $4 WHERE account_id = $1
