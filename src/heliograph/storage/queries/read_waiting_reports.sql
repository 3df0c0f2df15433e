-- Reports that wait, by account and origin, of the $1 first in each bucket order: blocks not tried yet (kind 0),
-- messages that wait for another try (1), messages whose tries are used up (2).
WITH waiting AS (
    SELECT 0 AS kind, b.bucket, b.account_id, b.origin, b.event_count AS events, b.due_at
    FROM (SELECT bucket, account_id, origin, event_count, due_at FROM report_block
          ORDER BY bucket, due_at LIMIT $1::bigint) AS b
    UNION ALL
    SELECT 1, r.bucket, r.account_id, r.origin, 1, r.first_try
    FROM (SELECT bucket, account_id, origin, first_try FROM report_retry WHERE NOT parked
          ORDER BY bucket, due_at LIMIT $1::bigint) AS r
    UNION ALL
    SELECT 2, p.bucket, p.account_id, p.origin, 1, p.first_try
    FROM (SELECT bucket, account_id, origin, first_try FROM report_retry
          WHERE parked OR given_up IS NOT NULL LIMIT $1::bigint) AS p
)
SELECT w.bucket, a.number, w.origin,
       sum(w.events) FILTER (WHERE w.kind = 0) AS fresh,
       count(*) FILTER (WHERE w.kind = 1) AS retrying,
       count(*) FILTER (WHERE w.kind = 2) AS parked,
       min(w.due_at) FILTER (WHERE w.kind < 2) AS oldest
FROM waiting w
JOIN account a ON a.account_id = w.account_id
GROUP BY w.bucket, a.number, w.origin
ORDER BY min(w.due_at)
LIMIT 200
