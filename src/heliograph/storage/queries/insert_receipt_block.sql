INSERT INTO receipt_block (carrier_id, day, block_id, received_at, pdu_count, pdus)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (carrier_id, day, block_id) DO NOTHING
