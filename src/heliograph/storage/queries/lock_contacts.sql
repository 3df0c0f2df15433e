-- Which of many contacts there are; they stay until the transaction ends.
SELECT contact_id FROM contact WHERE account_id = $1 AND contact_id = ANY ($2::bytea[]) FOR SHARE
