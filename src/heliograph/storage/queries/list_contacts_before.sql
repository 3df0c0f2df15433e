-- The newest contacts that are older than one. $1 account, $2 the contact, $3 at most so many
SELECT c.contact_id, c.properties, c.metadata, b.msisdn IS NOT NULL AS is_blocked,
       ARRAY(SELECT l.label FROM contact_label l WHERE l.account_id = $1 AND l.contact_id = c.contact_id ORDER BY l.label) AS labels
FROM contact c
LEFT JOIN blacklist b ON b.account_id = $1 AND b.msisdn = c.msisdn
WHERE c.account_id = $1 AND c.contact_id < $2
ORDER BY c.contact_id DESC
LIMIT $3
