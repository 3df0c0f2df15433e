-- $2 and $3 the lowest and the highest id; $5 codes and $6 recipient, or null for every message;
-- $7 how many to leave out, $8 at most.
SELECT message_id, recipient, body, segments, encoding, price, code, refunded, history
FROM message
WHERE account_id = $1 AND message_id BETWEEN $2 AND $3 AND batch_id = $4
  AND ($5::smallint[] IS NULL OR code = ANY ($5)) AND ($6::text IS NULL OR recipient = $6)
ORDER BY message_id DESC
OFFSET $7
LIMIT $8
