-- $2 how many to leave out, $3 at most.
SELECT sender, created_at
FROM sender
WHERE account_id = $1
ORDER BY lower(sender) COLLATE "C", sender COLLATE "C"
OFFSET $2
LIMIT $3
