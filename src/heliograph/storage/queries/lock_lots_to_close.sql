-- Lots of a carrier whose window has closed before all of them was submitted, by the database's clock.
SELECT lot_id, account_id, opens_at, next_segment, skipped, answered, later_opens <> '{}' AS opens_again, state = 3 AS paused, payload
FROM lot
WHERE carrier_id = $1 AND state IN (1, 3) AND closes_at <= now()
ORDER BY closes_at, lot_id
LIMIT $2
FOR UPDATE SKIP LOCKED
