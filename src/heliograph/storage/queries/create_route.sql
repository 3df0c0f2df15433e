INSERT INTO route (route_id, prefix, account_id, sender, carrier_id)
SELECT 1 + coalesce(max(route_id), 0), $1, $2, $3, $4 FROM route
RETURNING route_id
