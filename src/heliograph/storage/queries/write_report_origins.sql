INSERT INTO report_origin AS o
    (bucket, account_id, origin, failures, failing_since, open_until, disabled_at)
SELECT u.bucket, u.account_id, u.origin, u.failures, u.failing_since, u.open_until, u.disabled_at
FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::integer[], $5::timestamptz[], $6::timestamptz[],
            $7::timestamptz[])
    AS u(bucket, account_id, origin, failures, failing_since, open_until, disabled_at)
ON CONFLICT (bucket, account_id, origin)
DO UPDATE SET failures = EXCLUDED.failures, failing_since = EXCLUDED.failing_since,
              open_until = EXCLUDED.open_until, disabled_at = EXCLUDED.disabled_at
