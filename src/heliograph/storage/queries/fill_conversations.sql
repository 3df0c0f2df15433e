-- Messages after $1, up to $2, in the order of the index. How far they are filled in moves on in the same
-- transaction, so none comes twice.
INSERT INTO conversation (account_id, participant, message_id)
SELECT m.account_id, m.recipient, m.message_id
FROM account a
JOIN message m ON m.account_id = a.account_id AND m.message_id > $1 AND m.message_id <= $2
ORDER BY m.account_id, m.recipient, m.message_id
