INSERT INTO summary_change (account_id, batch_id, change_id, code, messages, segments)
SELECT u.account_id, u.batch_id, $1, u.code, u.messages, u.segments
FROM unnest($2::bigint[], $3::bytea[], $4::smallint[], $5::integer[], $6::integer[])
    AS u(account_id, batch_id, code, messages, segments)
