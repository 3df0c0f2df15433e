-- The row of a key whose answer is not known yet; none if there is one already. Whoever else is inserting
-- the same key in a transaction of its own is waited for.
INSERT INTO idempotency (account_id, route, key, request_hash, status, answer, created_at)
VALUES ($1, $2, $3, $4, 0, '', $5)
ON CONFLICT (account_id, route, key) DO NOTHING
RETURNING account_id
