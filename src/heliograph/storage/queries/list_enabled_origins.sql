-- Those of the given origins ($1 buckets, $2 accounts, $3 origins) with which somebody began anew.
SELECT o.account_id, o.origin
FROM report_origin o
JOIN unnest($1::smallint[], $2::bigint[], $3::text[]) AS u(bucket, account_id, origin)
  ON o.bucket = u.bucket AND o.account_id = u.account_id AND o.origin = u.origin
WHERE o.failures = 0 AND o.disabled_at IS NULL
