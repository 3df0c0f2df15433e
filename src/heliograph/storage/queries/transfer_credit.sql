-- One side of a transfer, with its entry in the ledger; nothing happens if the account lacks the credit.
-- $1 account, $2 entry, $3 amount (negative: taken from it), $4 note, $5 now
WITH moved AS (
    UPDATE balance SET amount = amount + $3 WHERE account_id = $1 AND ($3::bigint > 0 OR amount + $3 >= 0)
    RETURNING amount
), entry AS (
    INSERT INTO ledger (account_id, entry_id, kind, amount, note, created_at)
    SELECT $1, $2, 5, $3, $4, $5 FROM moved
)
SELECT amount FROM moved
