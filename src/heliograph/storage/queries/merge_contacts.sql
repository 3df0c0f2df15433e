-- Add properties $3 to contacts $2, in place of those of the same names; $4 when, $5 how many a contact may have.
UPDATE contact c
SET properties = c.properties || u.properties::jsonb, modified_at = $4
FROM unnest($2::bytea[], $3::text[]) AS u(contact_id, properties)
WHERE c.account_id = $1 AND c.contact_id = u.contact_id AND NOT c.properties @> u.properties::jsonb
  AND (SELECT count(*) FROM jsonb_object_keys(c.properties || u.properties::jsonb)) <= $5
