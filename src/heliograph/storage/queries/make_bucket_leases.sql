INSERT INTO bucket_lease (bucket, epoch, holder, leased_until)
SELECT u.bucket, 0, '', '-infinity'
FROM unnest($1::smallint[]) AS u(bucket)
ON CONFLICT (bucket) DO NOTHING
