-- Those of many numbers that the account does not send to.
SELECT msisdn FROM blacklist WHERE account_id = $1 AND msisdn = ANY ($2::text[])
