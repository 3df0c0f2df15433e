SELECT carrier_id FROM lot WHERE state = 0 AND opens_at <= now()
UNION
SELECT carrier_id FROM lot WHERE state IN (1, 3) AND closes_at <= now()
