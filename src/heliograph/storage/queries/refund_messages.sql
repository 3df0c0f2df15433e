-- Return what was charged: one ledger entry an account, the batches keep their share.
-- $1 accounts, $2 ledger entries, $3 amounts by account; $4 accounts, $5 batches, $6 amounts by batch; $7 now,
-- $8 and $9 lowest and highest batch id.
WITH entry AS (
    INSERT INTO ledger (account_id, entry_id, kind, amount, created_at)
    SELECT u.account_id, u.entry_id, 3, u.amount, $7
    FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS u(account_id, entry_id, amount)
), share AS (
    UPDATE batch b
    SET refunded = b.refunded + u.amount
    FROM unnest($4::bigint[], $5::bytea[], $6::bigint[]) AS u(account_id, batch_id, amount)
    WHERE b.account_id = u.account_id AND b.batch_id = u.batch_id AND b.batch_id BETWEEN $8 AND $9
)
UPDATE balance a
SET amount = a.amount + u.amount
FROM unnest($1::bigint[], $3::bigint[]) AS u(account_id, amount)
WHERE a.account_id = u.account_id
