SELECT DISTINCT carrier_id FROM reassembly WHERE next_look_at <= $1
