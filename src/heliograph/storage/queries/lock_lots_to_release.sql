-- Scheduled lots of a carrier whose window has opened, by the database's clock.
SELECT l.lot_id, l.account_id, l.priority, l.segment_count, a.weight
FROM lot l
JOIN account a ON a.account_id = l.account_id
WHERE l.carrier_id = $1 AND l.state = 0 AND l.opens_at <= now()
ORDER BY l.opens_at, l.lot_id
LIMIT $2
FOR UPDATE OF l SKIP LOCKED
