-- How the balance of an account ($1) moved from an entry ($2) on, by its latest $3 entries: in stretches of $4
-- from $5 on.
SELECT date_bin($4, created_at, $5) AS began_at, sum(amount)::bigint AS amount, count(*)::integer AS entries
FROM (
    SELECT created_at, amount FROM ledger
    WHERE account_id = $1 AND entry_id >= $2
    ORDER BY entry_id DESC
    LIMIT $3
) AS latest
GROUP BY 1
