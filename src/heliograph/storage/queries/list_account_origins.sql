-- Origins of an account ($1) that fail or have reports that were given up; $2 the buckets, $3 how far to count.
-- Nothing is tried at a disabled origin: whatever lies there is given up.
WITH known AS (
    SELECT o.origin, o.failures, o.failing_since, o.open_until, o.disabled_at
    FROM report_origin o
    WHERE o.bucket = ANY ($2::smallint[]) AND o.account_id = $1
), wanted AS (
    SELECT k.origin FROM known k WHERE k.failures > 0
    UNION
    SELECT p.origin
    FROM (SELECT origin FROM report_retry
          WHERE account_id = $1 AND (parked OR given_up IS NOT NULL) LIMIT $3) p
)
SELECT w.origin, coalesce(k.failures, 0), k.failing_since, k.open_until, k.disabled_at,
       (SELECT count(*) FROM (SELECT FROM report_retry r
                              WHERE r.account_id = $1 AND r.origin = w.origin AND NOT r.parked
                                AND k.disabled_at IS NULL
                              LIMIT $3) a) AS waiting,
       (SELECT count(*) FROM (SELECT FROM report_retry r
                              WHERE r.account_id = $1 AND r.origin = w.origin
                                AND (r.parked OR r.given_up IS NOT NULL OR k.disabled_at IS NOT NULL)
                              LIMIT $3) a) AS parked
FROM wanted w
LEFT JOIN known k ON k.origin = w.origin
ORDER BY w.origin
