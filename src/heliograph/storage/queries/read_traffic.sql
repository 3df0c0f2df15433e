-- What was counted of messages accepted from $2 on, before $3, in stretches of $4 from $2 on.
SELECT date_bin($4, began_at, $2) AS began_at, direction, code, step, sum(messages)::integer AS messages,
       sum(segments)::integer AS segments, sum(price)::bigint AS price
FROM traffic
WHERE account_id = $1 AND began_at >= $2 AND began_at < $3
GROUP BY 1, 2, 3, 4
