-- Who pays by which price list: how many accounts, those of them that $1 names, and one of the others.
-- $2 whether disabled accounts count
SELECT price_list_id, count(*) AS accounts,
       array_agg(account_id) FILTER (WHERE account_id = ANY ($1::bigint[])) AS named,
       min(account_id) FILTER (WHERE account_id <> ALL ($1::bigint[])) AS other
FROM account
WHERE $2::boolean OR disabled_at IS NULL
GROUP BY price_list_id
