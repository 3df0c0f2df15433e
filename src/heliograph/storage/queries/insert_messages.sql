-- A slice of the messages of one batch. $1 account, $2 batch, $3 message ids of 12 bytes each, $4 recipients
-- with commas between. What all messages of the slice have in common is said once ($5 to $8) with an empty
-- array for it ($9 to $12): the rows are many, and most of them differ in their number alone. $13 bodies, or
-- an empty array.
INSERT INTO message (account_id, message_id, batch_id, recipient, price, code, rank, segments, encoding, body)
SELECT $1, substring($3::bytea FROM u.place::integer * 12 - 11 FOR 12), $2, u.recipient, coalesce(u.price, $5),
       coalesce(u.code, $6), CASE coalesce(u.code, $6) WHEN 103 THEN 0 ELSE 10 END, coalesce(u.segments, $7),
       coalesce(u.encoding, $8), u.body
FROM unnest(string_to_array($4, ','), $9::bigint[], $10::smallint[], $11::smallint[], $12::smallint[],
            $13::text[])
    WITH ORDINALITY AS u(recipient, price, code, segments, encoding, body, place)
