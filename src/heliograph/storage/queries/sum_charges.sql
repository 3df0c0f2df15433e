-- What an account was charged since an entry: exact, or the sum of the first charges. $1 account, $2 the lowest
-- entry id, $3 charges summed at most
SELECT coalesce(-sum(entry.amount), 0)::bigint AS spent, count(*) AS entries
FROM (
    SELECT amount FROM ledger WHERE account_id = $1 AND entry_id >= $2 AND kind = 2 LIMIT $3::bigint
) AS entry
