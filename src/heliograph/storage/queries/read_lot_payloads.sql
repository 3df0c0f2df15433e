SELECT lot_id, payload
FROM lot
WHERE carrier_id = $1 AND account_id = $2 AND lot_id = ANY ($3)
