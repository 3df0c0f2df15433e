-- $1 account, $2 messages, $3 their numbers, $4 what takes the numbers' place, $5 and $6 lowest and highest message
WITH forgotten AS (
    DELETE FROM conversation c
    USING unnest($2::bytea[], $3::text[]) AS u(message_id, recipient)
    WHERE c.account_id = $1 AND c.participant = u.recipient AND c.message_id = u.message_id
      AND c.message_id BETWEEN $5 AND $6
)
UPDATE message m
SET recipient = u.form, body = NULL
FROM unnest($2::bytea[], $4::text[]) AS u(message_id, form)
WHERE m.account_id = $1 AND m.message_id = u.message_id AND m.message_id BETWEEN $5 AND $6
