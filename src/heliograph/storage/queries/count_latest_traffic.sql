-- The newest messages, $3 at most, from id $2 on: in stretches of $5 from $4 on. $6 the bounds of steps. As in
-- count_traffic.sql.
SELECT date_bin($5, to_timestamp(seconds), $4) AS began_at, direction, code, step, sum(messages)::integer AS messages,
       sum(segments)::integer AS segments, sum(price)::bigint AS price
FROM (
    SELECT ('x' || encode(substring(message_id FOR 4), 'hex'))::bit(32)::bigint AS seconds, code,
           (code = 201 AND history = '')::integer AS direction,
           CASE WHEN code >= 200 AND octet_length(history) >= 16 AND get_byte(history, 1) = 110
                THEN 1 + width_bucket(
                    (('x' || encode(substring(history FROM octet_length(history) - 3 FOR 4), 'hex'))::bit(32)::bigint
                     - ('x' || encode(substring(history FROM 5 FOR 4), 'hex'))::bit(32)::bigint) & 4294967295,
                    $6::bigint[])
                ELSE 0 END AS step,
           1 AS messages, segments, CASE WHEN refunded THEN 0 ELSE price END AS price
    FROM (SELECT message_id, code, history, segments, price, refunded
          FROM message
          WHERE account_id = $1 AND message_id >= $2
          ORDER BY message_id DESC
          LIMIT $3) AS latest
) AS counted
GROUP BY 1, 2, 3, 4
