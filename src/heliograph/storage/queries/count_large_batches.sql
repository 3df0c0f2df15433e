-- The messages of large batches by code: what was folded, and the changes since.
SELECT batch_id, code, sum(messages)::integer AS messages, sum(segments)::integer AS segments
FROM (
    SELECT batch_id, code, messages, segments
    FROM summary
    WHERE account_id = $1 AND batch_id = ANY ($2)
    UNION ALL
    SELECT batch_id, code, messages, segments
    FROM summary_change
    WHERE account_id = $1 AND batch_id = ANY ($2)
) counted
GROUP BY batch_id, code
HAVING sum(messages) <> 0
