-- The lowest code among the messages of each batch: all are final exactly if that one is.
-- $2 batches, $3 and $4 their lowest and highest message ids, $5 and $6 the same of all of them together,
-- which lets unneeded partitions be skipped.
SELECT u.batch_id, min(m.code) AS code
FROM unnest($2::bytea[], $3::bytea[], $4::bytea[]) AS u(batch_id, first_id, last_id)
JOIN message m ON m.account_id = $1
              AND m.message_id BETWEEN u.first_id AND u.last_id
              AND m.message_id BETWEEN $5 AND $6
GROUP BY u.batch_id
