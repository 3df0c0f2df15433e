INSERT INTO report_attempt (bucket, day, block_id, account_id, first_id, last_id, attempts)
SELECT u.bucket, $1, u.block_id, u.account_id, u.first_id, u.last_id, u.attempts
FROM unnest($2::smallint[], $3::bytea[], $4::bigint[], $5::bytea[], $6::bytea[], $7::bytea[])
    AS u(bucket, block_id, account_id, first_id, last_id, attempts)
