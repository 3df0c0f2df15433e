-- $2 ids, $3 and $4 the lowest and the highest of them.
SELECT message_id, recipient, body, segments, encoding, price, code, refunded, history
FROM message
WHERE account_id = $1 AND message_id = ANY ($2) AND message_id BETWEEN $3 AND $4
