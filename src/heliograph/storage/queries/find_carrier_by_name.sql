SELECT carrier_id FROM carrier WHERE name = $1
