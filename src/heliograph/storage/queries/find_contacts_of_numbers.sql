-- The oldest contact of each of the numbers $2 that has one.
SELECT DISTINCT ON (msisdn) msisdn, contact_id
FROM contact
WHERE account_id = $1 AND msisdn = ANY ($2::text[])
ORDER BY msisdn, contact_id
