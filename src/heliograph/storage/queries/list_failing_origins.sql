-- Origins of webhooks whose last attempt failed, the disabled ones first, and when something is due there next.
SELECT a.number, o.origin, o.failures, o.failing_since, o.open_until, o.disabled_at,
       least((SELECT r.due_at FROM report_retry r
              WHERE r.bucket = o.bucket AND r.account_id = o.account_id AND r.origin = o.origin AND NOT r.parked
              ORDER BY r.due_at LIMIT 1),
             (SELECT b.due_at FROM report_block b
              WHERE b.bucket = o.bucket AND b.account_id = o.account_id AND b.origin = o.origin
              ORDER BY b.due_at LIMIT 1)) AS due_at
FROM report_origin o
JOIN account a ON a.account_id = o.account_id
WHERE o.failures > 0 OR o.disabled_at IS NOT NULL
ORDER BY o.disabled_at IS NULL, o.failing_since
LIMIT 200
