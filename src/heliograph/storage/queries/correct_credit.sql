-- A correction, with its entry in the ledger. $1 account, $2 entry, $3 amount below zero, $4 note, $5 now
WITH raised AS (
    UPDATE balance SET amount = amount + $3 WHERE account_id = $1
    RETURNING amount
), entry AS (
    INSERT INTO ledger (account_id, entry_id, kind, amount, note, created_at)
    SELECT $1, $2, 4, $3, $4, $5 FROM raised
)
SELECT amount FROM raised
