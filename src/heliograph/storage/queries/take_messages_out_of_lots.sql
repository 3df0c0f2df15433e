-- $3 lots and $4 positions in them, one pair a message.
UPDATE lot l
SET skipped = l.skipped || u.positions, revision = l.revision + 1
FROM (
    SELECT p.lot_id, array_agg(p.position ORDER BY p.position) AS positions
    FROM unnest($3::bytea[], $4::integer[]) AS p(lot_id, position)
    GROUP BY p.lot_id
) u
WHERE l.carrier_id = $1 AND l.account_id = $2 AND l.lot_id = u.lot_id
