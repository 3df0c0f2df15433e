-- The messages of batches by direction and code. $2 whether each is incoming, $3 and $4 its lowest and highest
-- message ids, $5 and $6 the same of all of them together. OFFSET 0: a look at the index for each batch.
SELECT u.incoming, m.code, count(*)::integer AS messages, sum(m.segments)::integer AS segments
FROM unnest($2::boolean[], $3::bytea[], $4::bytea[]) AS u(incoming, first_id, last_id)
CROSS JOIN LATERAL (
    SELECT one.code, one.segments
    FROM message one
    WHERE one.account_id = $1 AND one.message_id BETWEEN u.first_id AND u.last_id
      AND one.message_id BETWEEN $5 AND $6
    OFFSET 0
) AS m
GROUP BY u.incoming, m.code
