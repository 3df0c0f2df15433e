-- The lots of an account at one carrier that may hold messages with ids from $3 to $4.
SELECT carrier_id, lot_id, next_segment, skipped, answered, priority, state, fair_position, opens_at, closes_at,
       later_opens, later_closes
FROM lot
WHERE carrier_id = $1 AND account_id = $2 AND first_id <= $4 AND last_id >= $3
ORDER BY lot_id
FOR UPDATE
