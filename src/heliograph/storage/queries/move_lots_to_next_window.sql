UPDATE lot l
SET state = CASE l.state WHEN 3 THEN 3 ELSE 0 END, opens_at = l.later_opens[1], closes_at = l.later_closes[1],
    later_opens = l.later_opens[2:], later_closes = l.later_closes[2:]
WHERE l.carrier_id = $1 AND l.lot_id = ANY ($2)
