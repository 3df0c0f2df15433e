-- $1 account, $2 report codes, $3 report schedule, $4 whether http is allowed, $5 the account's own daily cap,
-- $6 days that texts and numbers are kept, $7 what becomes of messages in doubt
UPDATE account
SET report_codes = $2, report_schedule = $3, http_reports = $4, own_daily_cap = $5, retention_days = $6,
    in_doubt_policy = $7
WHERE account_id = $1
