-- Take back intents of which the owner knows that nothing was written: a commit was lost on the way.
-- $1 carrier, $2 slot, $3 epoch, $4 lots, $5 how far each really came.
UPDATE lot l
SET next_segment = u.next_segment, state = CASE WHEN l.state = 2 THEN 1 ELSE l.state END
FROM unnest($4::bytea[], $5::integer[]) AS u(lot_id, next_segment)
WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id AND l.slot = $2 AND l.epoch = $3
