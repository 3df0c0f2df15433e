-- Origins with a failure, and those with events that wait for another try.
SELECT o.bucket, o.account_id, o.origin, o.failures, o.failing_since, o.open_until, o.disabled_at
FROM report_origin o
WHERE o.bucket = ANY ($1::smallint[]) AND o.failures > 0
