-- The oldest contact of each number ($2) of an account ($1).
SELECT DISTINCT ON (c.msisdn) c.msisdn, c.properties::text AS properties
FROM contact c
WHERE c.account_id = $1 AND c.msisdn = ANY ($2::text[])
ORDER BY c.msisdn, c.contact_id
