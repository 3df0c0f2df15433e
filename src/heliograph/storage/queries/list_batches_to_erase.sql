-- Batches in the order of their ids. $1 account, $2 after which id, $3 before which id, $4 how many
SELECT batch_id, direction = 1, sender, greatest(created_at, opens[cardinality(opens)]), message_count
FROM batch
WHERE account_id = $1 AND batch_id > $2 AND batch_id < $3
ORDER BY batch_id
LIMIT $4
