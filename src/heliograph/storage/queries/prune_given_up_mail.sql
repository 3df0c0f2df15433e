-- $1 given up before
DELETE FROM mail_outbox WHERE given_up_at < $1
