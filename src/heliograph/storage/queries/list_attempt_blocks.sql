-- The newest blocks of attempts of an account ($1), in every bucket ($2), of the days $3 to $4, from block $5
-- on and before block $6: $7 at most.
SELECT block_id, attempts
FROM report_attempt
WHERE account_id = $1 AND bucket = ANY ($2::smallint[]) AND day BETWEEN $3 AND $4
  AND block_id >= $5 AND block_id < $6
ORDER BY block_id DESC
LIMIT $7
