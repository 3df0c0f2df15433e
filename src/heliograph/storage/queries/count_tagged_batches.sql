-- As the lists of batches by tags; $9 how far to count; $10 tags, any of them. A batch that has several of them
-- is counted with the first.
SELECT count(*)
FROM (
    SELECT 1
    FROM batch_tag t
    JOIN batch b ON b.account_id = $1 AND b.batch_id = t.batch_id AND b.batch_id > $2 AND b.batch_id < $3
    WHERE t.account_id = $1 AND t.tag = ANY ($10) AND t.batch_id > $2 AND t.batch_id < $3
      AND b.hidden_at IS NULL
      AND (cardinality($10) = 1
           OR t.tag = (SELECT min(tag) FROM unnest(b.tags) AS one(tag) WHERE tag = ANY ($10)))
      AND ($4::timestamptz IS NULL OR b.created_at >= $4) AND ($5::timestamptz IS NULL OR b.created_at < $5)
      AND ($6::text IS NULL OR b.sender = $6) AND ($7::text IS NULL OR b.reference = $7)
      AND ($8::smallint IS NULL OR b.direction = $8)
    LIMIT $9
) AS counted
