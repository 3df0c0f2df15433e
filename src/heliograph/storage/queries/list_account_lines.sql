-- Accounts for operators, by id, with what they were charged today: exact where there is a daily cap, else
-- the sum of today's first charges.
-- $1 what number or name holds, null for every account; $2 one number, null for any; $3 the id that they come
-- after; $4 at most; $5 the day, $6 its lowest entry id; $7 charges summed at most
SELECT a.account_id, a.number, a.name, a.currency, a.price_list_id, a.weight, a.report_codes, a.http_reports,
       a.disabled_at IS NOT NULL AS is_disabled, a.created_at, a.optional_sender, b.amount AS balance,
       p.number AS parent, a.incoming_url, coalesce(d.spent, today.spent) AS spent,
       d.spent IS NULL AND today.entries = $7 AS is_spent_partly
FROM account a
JOIN balance b ON b.account_id = a.account_id
LEFT JOIN account p ON p.account_id = a.parent_id
LEFT JOIN daily_spend d ON d.account_id = a.account_id AND d.day = $5
CROSS JOIN LATERAL (
    SELECT coalesce(-sum(entry.amount), 0)::bigint AS spent, count(*) AS entries
    FROM (
        SELECT l.amount
        FROM ledger l
        WHERE l.account_id = a.account_id AND l.entry_id >= $6 AND l.kind = 2 AND d.spent IS NULL
        LIMIT $7::bigint
    ) AS entry
) AS today
WHERE ($1::text IS NULL OR strpos(lower(a.number || ' ' || a.name), lower($1)) > 0)
  AND ($2::text IS NULL OR a.number = $2)
  AND a.account_id > $3
ORDER BY a.account_id
LIMIT $4::bigint
