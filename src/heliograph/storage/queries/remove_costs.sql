DELETE FROM carrier_cost WHERE carrier_id = $1 AND prefix = ANY ($2::text[])
