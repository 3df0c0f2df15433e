-- A reporter without a bucket is seen by the others through a row of its own, below the real buckets.
INSERT INTO bucket_lease AS l (bucket, epoch, holder, leased_until)
VALUES ($1, 0, $2, now() + $3::interval)
ON CONFLICT (bucket) DO UPDATE SET holder = EXCLUDED.holder, leased_until = EXCLUDED.leased_until
