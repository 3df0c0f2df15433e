DELETE FROM report_block b
USING unnest($1::smallint[], $2::bytea[]) AS u(bucket, block_id)
WHERE b.bucket = u.bucket AND b.block_id = u.block_id
