-- Lots of which nothing was ever intended.
DELETE FROM lot
WHERE carrier_id = $1 AND account_id = $2 AND lot_id = ANY ($3) AND next_segment = 0
