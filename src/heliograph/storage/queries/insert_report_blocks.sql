INSERT INTO report_block (bucket, block_id, account_id, origin, due_at, event_count, events)
SELECT u.bucket, u.block_id, u.account_id, u.origin, $1, u.event_count, u.events
FROM unnest($2::smallint[], $3::bytea[], $4::bigint[], $5::text[], $6::integer[], $7::bytea[])
    AS u(bucket, block_id, account_id, origin, event_count, events)
