-- $2 how many to leave out, $3 at most.
SELECT msisdn, created_at
FROM blacklist
WHERE account_id = $1
ORDER BY created_at, msisdn
OFFSET $2
LIMIT $3
