-- Batches whose share of charges or refunds is not what their messages say. $1 at most so many
SELECT a.number, b.batch_id, b.charged, b.refunded,
       coalesce(m.price, 0)::bigint AS price, coalesce(m.returned, 0)::bigint AS returned
FROM batch b
JOIN account a ON a.account_id = b.account_id
LEFT JOIN (
    SELECT account_id, batch_id, sum(price) AS price, sum(price) FILTER (WHERE refunded) AS returned
    FROM message GROUP BY account_id, batch_id
) m ON m.account_id = b.account_id AND m.batch_id = b.batch_id
WHERE b.direction = 0
  AND (b.charged <> coalesce(m.price, 0) OR b.refunded <> coalesce(m.returned, 0))
ORDER BY b.batch_id
LIMIT $1
