DELETE FROM carrier_cost WHERE carrier_id = $1
