SELECT DISTINCT bucket, account_id, origin
FROM report_retry
WHERE bucket = ANY ($1::smallint[]) AND NOT parked
