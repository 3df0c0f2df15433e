-- $1 account, $2 batches, $3 their senders from now on, $4 and $5 lowest and highest batch
UPDATE batch b
SET body = '', sender = u.sender
FROM unnest($2::bytea[], $3::text[]) AS u(batch_id, sender)
WHERE b.account_id = $1 AND b.batch_id = u.batch_id AND b.batch_id BETWEEN $4 AND $5
