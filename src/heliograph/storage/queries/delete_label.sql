WITH gone AS (
    DELETE FROM contact_label WHERE account_id = $1 AND label = $2
    RETURNING contact_id
)
SELECT count(*) FROM gone
