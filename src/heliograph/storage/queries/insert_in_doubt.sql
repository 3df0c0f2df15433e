-- Segments that are in doubt from now on ($2). A first try may be followed by a second one, from $11 on.
INSERT INTO in_doubt (carrier_id, message_id, segment, segments, account_id, recipient, submitted_at, noted_at,
                      closes_at, resend_at, resent_at)
SELECT $1, u.message_id, u.segment, u.segments, u.account_id, u.recipient, u.submitted_at, $2, u.closes_at,
       CASE WHEN NOT u.second_try THEN $11::timestamptz END, CASE WHEN u.second_try THEN $2::timestamptz END
FROM unnest($3::bytea[], $4::smallint[], $5::smallint[], $6::bigint[], $7::text[], $8::timestamptz[],
            $9::timestamptz[], $10::boolean[])
    AS u(message_id, segment, segments, account_id, recipient, submitted_at, closes_at, second_try)
ON CONFLICT (carrier_id, message_id, segment) DO UPDATE
SET closes_at = greatest(in_doubt.closes_at, excluded.closes_at)
WHERE excluded.resent_at IS NOT NULL
