-- $1 days where an account says nothing
SELECT coalesce(min(coalesce(retention_days, $1)), $1) FROM account
