-- $1 mail, $2 when it is tried again, $3 why
UPDATE mail_outbox SET due_at = $2, fault = $3 WHERE mail_id = $1 AND given_up_at IS NULL
