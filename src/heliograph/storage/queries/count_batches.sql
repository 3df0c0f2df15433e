-- A filter that is null chooses every batch. $2 and $3 ids between which it lies; $4 and $5 made from and before;
-- $6 sender; $7 reference; $8 direction; $9 how far to count.
SELECT count(*)
FROM (
    SELECT 1
    FROM batch
    WHERE account_id = $1 AND batch_id > $2 AND batch_id < $3 AND hidden_at IS NULL
      AND ($4::timestamptz IS NULL OR created_at >= $4) AND ($5::timestamptz IS NULL OR created_at < $5)
      AND ($6::text IS NULL OR sender = $6) AND ($7::text IS NULL OR reference = $7)
      AND ($8::smallint IS NULL OR direction = $8)
    LIMIT $9
) AS counted
