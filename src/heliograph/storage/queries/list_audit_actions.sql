-- What has ever been done in an account: one look at the index for each action.
-- $1 account
WITH RECURSIVE known AS (
    (SELECT action FROM audit_entry WHERE account_id = $1 ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT e.action FROM audit_entry e WHERE e.account_id = $1 AND e.action > k.action ORDER BY e.action LIMIT 1)
    FROM known k
    WHERE k.action IS NOT NULL
)
SELECT action FROM known WHERE action IS NOT NULL
