-- Begin anew with an origin ($3) of an account; whether it was disabled.
UPDATE report_origin o
SET failures = 0, failing_since = NULL, open_until = NULL, disabled_at = NULL
FROM (SELECT disabled_at FROM report_origin
      WHERE bucket = $1 AND account_id = $2 AND origin = $3 FOR UPDATE) before
WHERE o.bucket = $1 AND o.account_id = $2 AND o.origin = $3
RETURNING before.disabled_at IS NOT NULL AS was_disabled
