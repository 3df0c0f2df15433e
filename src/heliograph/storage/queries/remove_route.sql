DELETE FROM route WHERE route_id = $1 RETURNING route_id
