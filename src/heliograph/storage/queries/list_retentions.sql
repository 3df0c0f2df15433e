-- $1 after which account, $2 days where an account says nothing, $3 how many accounts
SELECT account_id, coalesce(retention_days, $2) AS days
FROM account
WHERE account_id > $1
ORDER BY account_id
LIMIT $3
