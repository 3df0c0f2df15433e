-- What an account was charged since an entry, and what of it came back: exact, or of its first entries. $1 account,
-- $2 the lowest entry id, $3 entries summed at most
SELECT coalesce(-sum(entry.amount) FILTER (WHERE kind = 2), 0)::bigint AS spent,
       coalesce(sum(entry.amount) FILTER (WHERE kind = 3), 0)::bigint AS returned, count(*) AS entries
FROM (
    SELECT kind, amount FROM ledger WHERE account_id = $1 AND entry_id >= $2 AND kind IN (2, 3) LIMIT $3::bigint
) AS entry
