UPDATE contact
SET msisdn = $3, properties = $4::jsonb, metadata = $5::jsonb, modified_at = $6
WHERE account_id = $1 AND contact_id = $2
