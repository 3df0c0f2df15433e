-- Fold the changes of one batch into its summary.
WITH taken AS (
    DELETE FROM summary_change
    WHERE account_id = $1 AND batch_id = $2
    RETURNING code, messages, segments
), folded AS (
    SELECT code, sum(messages)::integer AS messages, sum(segments)::integer AS segments
    FROM taken
    GROUP BY code
)
INSERT INTO summary AS s (account_id, batch_id, code, messages, segments)
SELECT $1, $2, code, messages, segments
FROM folded
WHERE messages <> 0
ORDER BY code
ON CONFLICT (account_id, batch_id, code)
DO UPDATE SET messages = s.messages + EXCLUDED.messages, segments = s.segments + EXCLUDED.segments
