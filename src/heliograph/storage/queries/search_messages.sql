-- The newest messages of batches that have one of the codes $7 (null: any) and hold the text $8, in lower case.
-- $2 and $3 the lowest and highest message ids of each batch, $4 whether the text is in the batch's own;
-- $5 and $6 the lowest and highest id of all; $9 how many at most. OFFSET 0: a look at the index for each batch.
SELECT m.message_id, m.batch_id
FROM unnest($2::bytea[], $3::bytea[], $4::boolean[]) AS u(first_id, last_id, in_batch)
CROSS JOIN LATERAL (
    SELECT one.message_id, one.batch_id
    FROM message one
    WHERE one.account_id = $1 AND one.message_id BETWEEN u.first_id AND u.last_id
      AND one.message_id BETWEEN $5 AND $6
      AND ($7::smallint[] IS NULL OR one.code = ANY ($7))
      AND CASE WHEN one.body IS NULL THEN u.in_batch ELSE position($8 IN lower(one.body)) > 0 END
    OFFSET 0
) AS m
ORDER BY m.message_id DESC
LIMIT $9
