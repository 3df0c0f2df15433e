SELECT message_id, recipient, body, segments, encoding, price, code, refunded, history
FROM message
WHERE account_id = $1 AND message_id BETWEEN $2 AND $3 AND batch_id = $4
ORDER BY message_id
