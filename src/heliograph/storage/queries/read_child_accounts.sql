-- Children of an account, each with its balance. $1 parent, $2 only this number, $3 newest first, $4 leave
-- out so many, $5 at most so many
SELECT c.number, c.name, c.currency, b.amount AS balance
FROM account c
JOIN balance b ON b.account_id = c.account_id
WHERE c.parent_id = $1 AND ($2::text IS NULL OR c.number = $2)
ORDER BY CASE WHEN $3::boolean THEN -c.account_id ELSE c.account_id END
OFFSET $4 LIMIT $5
