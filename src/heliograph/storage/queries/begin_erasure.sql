-- $1 accounts, in ascending order
INSERT INTO erasure_progress (account_id, looked_to)
SELECT unnest($1::bigint[]), ''
ON CONFLICT (account_id) DO NOTHING
