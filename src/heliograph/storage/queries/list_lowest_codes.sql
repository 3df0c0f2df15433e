-- The lowest code among the messages of each batch: all are final exactly if that one is.
-- $2 batches, $3 and $4 their lowest and highest message ids, $5 and $6 the same of all of them together,
-- which lets unneeded partitions be skipped. As a subquery, so that it is a look at the index for each batch:
-- a join has been seen to compare every batch with every message.
SELECT batch_id, code
FROM (
    SELECT u.batch_id,
           (SELECT min(m.code)
            FROM message m
            WHERE m.account_id = $1 AND m.message_id BETWEEN u.first_id AND u.last_id
              AND m.message_id BETWEEN $5 AND $6) AS code
    FROM unnest($2::bytea[], $3::bytea[], $4::bytea[]) AS u(batch_id, first_id, last_id)
    OFFSET 0
) AS found
WHERE code IS NOT NULL
