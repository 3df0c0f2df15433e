-- $2 and $3 the lowest and the highest id; $5 codes and $6 recipient, or null for every message.
SELECT count(*)
FROM message
WHERE account_id = $1 AND message_id BETWEEN $2 AND $3 AND batch_id = $4
  AND ($5::smallint[] IS NULL OR code = ANY ($5)) AND ($6::text IS NULL OR recipient = $6)
