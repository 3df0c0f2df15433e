INSERT INTO in_doubt (carrier_id, message_id, segment, segments, account_id, recipient, submitted_at, noted_at,
                      closes_at)
SELECT $1, u.message_id, u.segment, u.segments, u.account_id, u.recipient, u.submitted_at, $2, u.closes_at
FROM unnest($3::bytea[], $4::smallint[], $5::smallint[], $6::bigint[], $7::text[], $8::timestamptz[],
            $9::timestamptz[])
    AS u(message_id, segment, segments, account_id, recipient, submitted_at, closes_at)
ON CONFLICT (carrier_id, message_id, segment) DO NOTHING
