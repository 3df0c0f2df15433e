-- Lease buckets that nobody holds, up to $3 of them, and renew one's own. $1 buckets, $2 holder, $4 until.
WITH wanted AS (
    SELECT u.bucket, l.holder IS NOT DISTINCT FROM $2 AS own
    FROM unnest($1::smallint[]) AS u(bucket)
    JOIN bucket_lease l ON l.bucket = u.bucket
    WHERE l.holder = $2 OR l.leased_until < now()
    ORDER BY l.holder = $2 DESC, u.bucket
    LIMIT $3
    FOR UPDATE OF l SKIP LOCKED
)
UPDATE bucket_lease l
SET holder = $2, leased_until = now() + $4, epoch = l.epoch + CASE WHEN wanted.own THEN 0 ELSE 1 END
FROM wanted
WHERE l.bucket = wanted.bucket
RETURNING l.bucket, l.epoch
