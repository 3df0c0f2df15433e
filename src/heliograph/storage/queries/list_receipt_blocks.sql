-- Blocks of receipts that a carrier sent on the days from $2 to $3, with ids from $4 to $5: they begin with the time.
SELECT received_at, pdus
FROM receipt_block
WHERE carrier_id = $1 AND day BETWEEN $2 AND $3 AND block_id BETWEEN $4 AND $5
ORDER BY block_id
LIMIT $6
