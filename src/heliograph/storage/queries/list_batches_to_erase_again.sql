-- Batches that had to wait. $1 account, $2 now, $3 how many
SELECT b.batch_id, b.direction = 1, b.sender, greatest(b.created_at, b.opens[cardinality(b.opens)]), b.message_count
FROM (SELECT l.batch_id FROM erasure_later l WHERE l.account_id = $1 AND l.look_at <= $2
      ORDER BY l.look_at LIMIT $3) AS waiting
JOIN batch b ON b.account_id = $1 AND b.batch_id = waiting.batch_id
ORDER BY b.batch_id
