-- The accounts with the least to spend. $1 at most
SELECT a.account_id, a.number, b.amount AS balance
FROM account a
JOIN balance b ON b.account_id = a.account_id
WHERE a.disabled_at IS NULL
ORDER BY b.amount, a.account_id
LIMIT $1::bigint
