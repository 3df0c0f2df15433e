-- From now on messages of the batch that come back to the carrier's queue are held, until $6.
INSERT INTO paused_batch (carrier_id, account_id, batch_id, first_id, last_id, closes_at)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (carrier_id, account_id, batch_id) DO UPDATE SET closes_at = EXCLUDED.closes_at
