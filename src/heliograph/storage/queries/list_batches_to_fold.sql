-- Batches with many changes not yet folded into their summary.
SELECT account_id, batch_id
FROM summary_change
GROUP BY account_id, batch_id
HAVING count(*) >= $1
LIMIT 100
