SELECT msisdn, created_at FROM blacklist WHERE account_id = $1 AND msisdn = $2
