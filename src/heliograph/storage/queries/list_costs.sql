SELECT prefix, amount FROM carrier_cost WHERE carrier_id = $1 ORDER BY prefix
