-- Those of an account's messages that were delivered. $2 messages, $3 and $4 the lowest and highest of them
SELECT message_id
FROM message
WHERE account_id = $1 AND message_id = ANY ($2) AND message_id BETWEEN $3 AND $4 AND code = 201
