-- Paused batches of which messages lie in lots of a carrier that would be released now.
SELECT DISTINCT p.account_id, p.batch_id, p.first_id, p.last_id
FROM paused_batch p
JOIN lot l ON l.carrier_id = p.carrier_id AND l.account_id = p.account_id
          AND l.first_id <= p.last_id AND l.last_id >= p.first_id
WHERE p.carrier_id = $1 AND l.state = 0 AND l.opens_at <= now()
LIMIT $2
