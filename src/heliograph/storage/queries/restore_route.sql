-- The route with the id it had, which says how old it is; with the next one where another route has it now.
INSERT INTO route (route_id, prefix, account_id, sender, carrier_id)
SELECT CASE WHEN EXISTS (SELECT FROM route WHERE route_id = $1) THEN (SELECT 1 + max(route_id) FROM route) ELSE $1 END,
       $2, $3, $4, $5
RETURNING route_id
