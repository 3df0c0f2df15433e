-- $1 account
SELECT report_codes, report_schedule, http_reports, own_daily_cap, daily_cap, retention_days,
       in_doubt_policy
FROM account
WHERE account_id = $1
