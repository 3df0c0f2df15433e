WITH labels AS (
    DELETE FROM contact_label WHERE account_id = $1 AND contact_id = ANY ($2::bytea[])
)
DELETE FROM contact WHERE account_id = $1 AND contact_id = ANY ($2::bytea[])
