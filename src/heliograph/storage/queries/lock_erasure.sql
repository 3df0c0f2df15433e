-- How far an account's batches are looked at; nothing if another keeper is at it.
SELECT looked_to FROM erasure_progress WHERE account_id = $1 FOR UPDATE SKIP LOCKED
