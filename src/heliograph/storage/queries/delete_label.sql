-- $1 account, $2 label, $3 up to how many contacts are named
WITH gone AS (
    DELETE FROM contact_label WHERE account_id = $1 AND label = $2
    RETURNING contact_id
)
SELECT count(*) AS contacts, (array_agg(contact_id) FILTER (WHERE $3 > 0))[1:$3] AS contact_ids FROM gone
