-- A slice of the messages of one batch. $1 account, $2 batch
INSERT INTO message (account_id, message_id, batch_id, recipient, price, code, rank, segments, encoding, body)
SELECT $1, u.message_id, $2, u.recipient, u.price, u.code, CASE u.code WHEN 103 THEN 0 ELSE 10 END, u.segments,
       u.encoding, u.body
FROM unnest($3::bytea[], $4::text[], $5::bigint[], $6::smallint[], $7::smallint[], $8::smallint[], $9::text[])
    AS u(message_id, recipient, price, code, segments, encoding, body)
