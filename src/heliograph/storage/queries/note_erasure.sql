-- How far an account's batches are looked at, and which of them are to be looked at again.
-- $1 account, $2 up to which id, $3 batches that are done with, $4 batches that must wait, $5 until when
WITH done AS (
    DELETE FROM erasure_later WHERE account_id = $1 AND batch_id = ANY ($3::bytea[])
), later AS (
    INSERT INTO erasure_later (account_id, batch_id, look_at)
    SELECT $1, unnest($4::bytea[]), $5
    ON CONFLICT (account_id, batch_id) DO UPDATE SET look_at = excluded.look_at
)
UPDATE erasure_progress SET looked_to = greatest(looked_to, $2) WHERE account_id = $1
