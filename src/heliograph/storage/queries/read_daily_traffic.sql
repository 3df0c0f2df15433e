-- What was counted of messages accepted from $2 on, before $3, by the day of the time zone $4.
SELECT (began_at AT TIME ZONE $4)::date AS day, direction, code, sum(messages)::bigint AS messages,
       sum(segments)::bigint AS segments, sum(price)::bigint AS price
FROM traffic
WHERE account_id = $1 AND began_at >= $2 AND began_at < $3
GROUP BY 1, 2, 3
