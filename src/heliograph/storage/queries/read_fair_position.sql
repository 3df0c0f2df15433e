-- Where an account would go on in a carrier's fair order. $1 carrier, $2 priority, $3 account
SELECT coalesce(max(position), 0) FROM fair_position
WHERE carrier_id = $1 AND priority = $2 AND account_id IN (0, $3)
