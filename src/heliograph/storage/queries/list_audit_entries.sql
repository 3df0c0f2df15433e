-- Newest first; one more than a page tells whether there is another.
-- $1 account, $2 before this entry or null, $3 action or null, $4 limit
SELECT entry_id, happened_at, actor, action, subject, detail::text AS detail
FROM audit_entry
WHERE account_id = $1 AND ($2::bytea IS NULL OR entry_id < $2) AND ($3::text IS NULL OR action = $3)
ORDER BY entry_id DESC
LIMIT $4
