-- $1 account, $2 entry, $3 now, $4 user or null, $5 actor, $6 action, $7 subject, $8 detail
INSERT INTO audit_entry (account_id, entry_id, happened_at, user_id, actor, action, subject, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::text::jsonb)
