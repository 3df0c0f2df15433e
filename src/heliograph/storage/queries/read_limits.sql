SELECT rate_limit, rate_burst, daily_cap FROM account WHERE account_id = $1
