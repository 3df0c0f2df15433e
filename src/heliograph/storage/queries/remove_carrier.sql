DELETE FROM carrier WHERE carrier_id = $1 RETURNING carrier_id
