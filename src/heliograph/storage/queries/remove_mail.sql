-- $1 mail
DELETE FROM mail_outbox WHERE mail_id = $1
