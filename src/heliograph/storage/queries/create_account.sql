-- A new account with the next number and an empty balance.
-- $1 prefix of its number, $2 name, $3 currency, $4 price list, $5 lowest account id, $6 now, $7 its parent
WITH created AS (
    INSERT INTO account (account_id, number, name, currency, price_list_id, created_at, parent_id)
    SELECT n.account_id, $1 || n.account_id, $2, $3, $4, $6, $7
    FROM (SELECT greatest($5::bigint, coalesce(max(account_id) + 1, 0)) AS account_id FROM account) AS n
    RETURNING account_id, number
), opened AS (
    INSERT INTO balance (account_id, amount) SELECT account_id, 0 FROM created
)
SELECT account_id, number FROM created
