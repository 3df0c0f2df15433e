INSERT INTO report_retry AS r
    (bucket, message_id, account_id, origin, tries, first_try, due_at, parked, events, given_up)
SELECT u.bucket, u.message_id, u.account_id, u.origin, u.tries, $10, u.due_at, u.parked, u.events, u.given_up
FROM unnest($1::smallint[], $2::bytea[], $3::bigint[], $4::text[], $5::smallint[], $6::timestamptz[],
            $7::boolean[], $8::bytea[], $9::bytea[])
    AS u(bucket, message_id, account_id, origin, tries, due_at, parked, events, given_up)
ON CONFLICT (bucket, message_id)
DO UPDATE SET tries = EXCLUDED.tries, due_at = EXCLUDED.due_at, parked = EXCLUDED.parked,
              events = EXCLUDED.events, given_up = EXCLUDED.given_up
