-- The newest blocks of attempts of an account ($2) in a bucket ($1): $3 at most.
SELECT block_id, attempts
FROM report_attempt
WHERE bucket = $1 AND account_id = $2
ORDER BY block_id DESC
LIMIT $3
