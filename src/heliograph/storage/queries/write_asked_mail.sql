-- Put the mail in the place of the address that was typed; nothing if somebody else did.
-- $1 mail, $2 sealed, $3 when it is given up
UPDATE mail_outbox
SET kind = 'reset', sealed = $2, ends_at = $3
WHERE mail_id = $1 AND kind = 'asked_reset' AND given_up_at IS NULL
RETURNING 1
