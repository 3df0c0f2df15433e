UPDATE carrier SET cost_currency = $2 WHERE carrier_id = $1
