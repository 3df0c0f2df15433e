-- Messages of an account ($1) behind $2 up to $3, $4 at most, with what their reports were made of. A removed
-- batch tells nothing again. The batch is found by its key alone: a range makes plans that read the range.
SELECT m.message_id, m.batch_id, m.recipient, m.segments, m.price, m.code, m.history, b.created_at,
       CASE WHEN b.hidden_at IS NULL THEN b.delivery_report_url END, b.reference
FROM (SELECT message_id, batch_id, recipient, segments, price, code, history
      FROM message
      WHERE account_id = $1 AND message_id > $2 AND message_id <= $3
      ORDER BY message_id
      LIMIT $4) m
JOIN batch b ON b.account_id = $1 AND b.batch_id = m.batch_id
ORDER BY m.message_id
