-- Origins of webhooks whose last attempt failed, the disabled ones first.
SELECT a.number, o.origin, o.failures, o.failing_since, o.open_until, o.disabled_at
FROM report_origin o
JOIN account a ON a.account_id = o.account_id
WHERE o.failures > 0 OR o.disabled_at IS NOT NULL
ORDER BY o.disabled_at IS NULL, o.failing_since
LIMIT 200
