SELECT message_id, segments
FROM message
WHERE account_id = $1 AND message_id = ANY ($2) AND message_id BETWEEN $3 AND $4 AND code < 200
