INSERT INTO refused_block (carrier_id, day, block_id, slot, first_id, last_id, refusals)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (carrier_id, day, block_id) DO NOTHING
