-- Blocks of attempts that may hold some of a message's, on the days from $2 to $3.
SELECT attempts
FROM report_attempt
WHERE bucket = $1 AND day BETWEEN $2 AND $3 AND account_id = $4 AND first_id <= $5 AND last_id >= $5
ORDER BY day, block_id
LIMIT $6
