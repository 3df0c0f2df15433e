-- Blocks of refusals that may hold some of a message's, of the days from $2 to $3, with ids from $4 to $5: they begin
-- with the time.
SELECT slot, refusals
FROM refused_block
WHERE carrier_id = $1 AND day BETWEEN $2 AND $3 AND block_id BETWEEN $4 AND $5 AND first_id <= $6 AND last_id >= $6
ORDER BY block_id
LIMIT $7
