DELETE FROM portal_draft WHERE created_at < $1
