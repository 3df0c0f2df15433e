INSERT INTO contact (account_id, contact_id, msisdn, properties, metadata, created_at, modified_at)
SELECT $1, u.contact_id, u.msisdn, u.properties::jsonb, u.metadata::jsonb, $6, $6
FROM unnest($2::bytea[], $3::text[], $4::text[], $5::text[]) AS u(contact_id, msisdn, properties, metadata)
