-- The oldest contacts with a label that are newer than one. $1 account, $2 the contact, $3 at most so many, $4 label
SELECT c.contact_id, c.properties, c.metadata, b.msisdn IS NOT NULL AS is_blocked,
       ARRAY(SELECT l.label FROM contact_label l WHERE l.account_id = $1 AND l.contact_id = c.contact_id ORDER BY l.label) AS labels
FROM contact_label w
JOIN contact c ON c.account_id = $1 AND c.contact_id = w.contact_id
LEFT JOIN blacklist b ON b.account_id = $1 AND b.msisdn = c.msisdn
WHERE w.account_id = $1 AND w.label = $4 AND w.contact_id > $2
ORDER BY w.contact_id
LIMIT $3
