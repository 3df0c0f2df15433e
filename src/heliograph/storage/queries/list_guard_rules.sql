-- $1 account, 0 for the rules for all accounts; null for every rule
SELECT account_id, prefix, mode, most, seconds
FROM guard_rule
WHERE $1::bigint IS NULL OR account_id = $1
ORDER BY account_id, prefix
