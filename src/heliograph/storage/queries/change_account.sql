-- A setting that is null stays as it is; 0 days of retention are those of the installation.
UPDATE account
SET name = coalesce($2, name),
    price_list_id = coalesce($3, price_list_id),
    weight = coalesce($4, weight),
    report_codes = coalesce($5, report_codes),
    http_reports = coalesce($6, http_reports),
    disabled_at = CASE WHEN $7::boolean THEN coalesce(disabled_at, $8) WHEN NOT $7 THEN NULL ELSE disabled_at END,
    optional_sender = coalesce($9, optional_sender),
    retention_days = nullif(coalesce($10, retention_days), 0),
    in_doubt_policy = coalesce($11, in_doubt_policy)
WHERE account_id = $1
RETURNING account_id
