SELECT message_id, recipient, body, segments, encoding, price, code, refunded, history
FROM message
WHERE account_id = $1 AND message_id = $2 AND batch_id = $3
