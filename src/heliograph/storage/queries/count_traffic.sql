-- Count the messages from id $1 on, before $2, of every account, under the time $3. $4 the bounds of steps in
-- milliseconds. A history tells when a message was submitted, first, and when it became what it is, last.
-- Whatever came in has no history and is delivered.
INSERT INTO traffic (account_id, began_at, direction, code, step, messages, segments, price)
SELECT account_id, $3, direction, code, step, count(*), sum(segments), sum(price)
FROM (
    SELECT m.account_id, m.code, m.segments, CASE WHEN m.refunded THEN 0 ELSE m.price END AS price,
           (m.code = 201 AND m.history = '')::integer AS direction,
           CASE WHEN m.code >= 200 AND octet_length(m.history) >= 16 AND get_byte(m.history, 1) = 110
                THEN 1 + width_bucket(
                    (('x' || encode(substring(m.history FROM octet_length(m.history) - 3 FOR 4), 'hex'))::bit(32)::bigint
                     - ('x' || encode(substring(m.history FROM 5 FOR 4), 'hex'))::bit(32)::bigint) & 4294967295,
                    $4::bigint[])
                ELSE 0 END AS step
    FROM account a
    JOIN message m ON m.account_id = a.account_id AND m.message_id >= $1 AND m.message_id < $2
) AS counted
GROUP BY account_id, direction, code, step
