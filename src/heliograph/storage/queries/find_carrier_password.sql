SELECT sealed_password FROM carrier WHERE carrier_id = $1
