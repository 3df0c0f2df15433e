SELECT route_id, prefix, carrier_id, account_id, sender FROM route ORDER BY route_id
