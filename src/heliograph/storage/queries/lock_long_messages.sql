-- Messages of several segments, locked so that their ranks can be merged outside the database.
SELECT message_id, rank, ranks, code, segments
FROM message
WHERE account_id = $1 AND message_id = ANY ($2) AND message_id BETWEEN $3 AND $4
ORDER BY message_id
FOR UPDATE
