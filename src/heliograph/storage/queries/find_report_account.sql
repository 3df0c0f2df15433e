SELECT a.report_schedule,
       ARRAY (SELECT s.sealed
              FROM webhook_secret s
              WHERE s.account_id = a.account_id AND (s.expires_at IS NULL OR s.expires_at > now())
              ORDER BY s.expires_at DESC NULLS FIRST, s.created_at DESC) AS secrets
FROM account a
WHERE a.account_id = $1
