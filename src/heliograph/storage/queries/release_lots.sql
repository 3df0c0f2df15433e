UPDATE lot l
SET state = 1, fair_position = u.position
FROM unnest($2::bytea[], $3::bigint[]) AS u(lot_id, position)
WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id AND l.state = 0
