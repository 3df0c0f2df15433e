-- The phone numbers behind a label, oldest contact first. $3 at most so many, $4 whether with their properties
SELECT c.msisdn, CASE WHEN $4::boolean THEN c.properties END AS properties
FROM contact_label l
JOIN contact c ON c.account_id = $1 AND c.contact_id = l.contact_id
WHERE l.account_id = $1 AND l.label = $2 AND c.msisdn IS NOT NULL
ORDER BY l.contact_id
LIMIT $3
