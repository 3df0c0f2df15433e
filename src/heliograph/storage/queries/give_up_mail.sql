-- What it says is forgotten: only that it was given up is kept for a while.
-- $1 mail, $2 now, $3 why
UPDATE mail_outbox SET given_up_at = $2, fault = $3, sealed = NULL WHERE mail_id = $1 AND given_up_at IS NULL
