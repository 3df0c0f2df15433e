-- Entries of an account, the latest first.
-- $1 account, $2 before this entry, $3 from this time on, $4 before this time, $5 how many at most
SELECT entry_id, kind, amount, note, created_at
FROM ledger
WHERE account_id = $1 AND entry_id < $2 AND created_at >= $3 AND created_at < $4
ORDER BY entry_id DESC
LIMIT $5
