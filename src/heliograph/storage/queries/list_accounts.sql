SELECT a.account_id, a.number, a.name, a.currency, a.price_list_id, a.weight, a.report_codes, a.http_reports,
       a.disabled_at IS NOT NULL AS is_disabled, a.created_at, b.amount AS balance, p.number AS parent,
       a.incoming_url, a.optional_sender, a.retention_days, a.in_doubt_policy
FROM account a
JOIN balance b ON b.account_id = a.account_id
LEFT JOIN account p ON p.account_id = a.parent_id
ORDER BY a.account_id
