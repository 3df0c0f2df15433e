-- Accounts for operators, by id. $1 what number or name holds, null for every account; $2 one number, null for
-- any; $3 the id that they come after; $4 at most
SELECT a.account_id, a.number, a.name, a.currency, a.price_list_id, a.weight, a.report_codes, a.http_reports,
       a.disabled_at IS NOT NULL AS is_disabled, a.created_at, a.optional_sender, a.retention_days, a.in_doubt_policy, b.amount AS balance,
       p.number AS parent, a.incoming_url
FROM account a
JOIN balance b ON b.account_id = a.account_id
LEFT JOIN account p ON p.account_id = a.parent_id
WHERE ($1::text IS NULL OR strpos(lower(a.number || ' ' || a.name), lower($1)) > 0)
  AND ($2::text IS NULL OR a.number = $2)
  AND a.account_id > $3
ORDER BY a.account_id
LIMIT $4::bigint
