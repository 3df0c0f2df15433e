-- The paused lots of a batch, of which each holds no other's messages, wait for their window again.
UPDATE lot
SET state = 0
WHERE carrier_id = $1 AND account_id = $2 AND first_id <= $4 AND last_id >= $3 AND state = 3
