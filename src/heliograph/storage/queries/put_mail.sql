-- $1 mail, $2 kind, $3 sealed, $4 now, $5 when it is given up
INSERT INTO mail_outbox (mail_id, kind, sealed, created_at, due_at, ends_at) VALUES ($1, $2, $3, $4, $4, $5)
