-- Lots of a dead owner that have a rest nobody intended: anybody may go on with it. What was intended counts
-- as answered, since it is in doubt now.
UPDATE lot l
SET slot = NULL, epoch = NULL, answered = u.answered
FROM unnest($2::bytea[], $3::bytea[]) AS u(lot_id, answered)
WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id
