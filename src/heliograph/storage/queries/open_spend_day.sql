-- Begin an account's day with what the ledger holds of it already: the cap may have been set at noon.
-- $1 account, $2 day, $3 the lowest entry id of the day, $4 its first moment
INSERT INTO daily_spend (account_id, day, spent)
SELECT $1, $2, coalesce(-sum(l.amount), 0)
FROM ledger l
WHERE l.account_id = $1 AND l.entry_id >= $3 AND l.created_at >= $4 AND l.kind = 2
ON CONFLICT (account_id, day) DO NOTHING
