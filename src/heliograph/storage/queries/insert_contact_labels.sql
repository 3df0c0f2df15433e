INSERT INTO contact_label (account_id, label, contact_id)
SELECT $1, u.label, u.contact_id
FROM unnest($2::text[], $3::bytea[]) AS u(label, contact_id)
ON CONFLICT (account_id, label, contact_id) DO NOTHING
