-- $1 account, $2 number, $3 properties, $4 metadata, $5 whether blocked, $6 any of these labels; each null: any
-- $7 leave out so many, $8 at most so many
SELECT c.contact_id, c.properties, c.metadata, b.msisdn IS NOT NULL AS is_blocked,
       ARRAY(SELECT l.label FROM contact_label l WHERE l.account_id = $1 AND l.contact_id = c.contact_id ORDER BY l.label) AS labels
FROM contact c
LEFT JOIN blacklist b ON b.account_id = $1 AND b.msisdn = c.msisdn
WHERE c.account_id = $1
  AND ($2::text IS NULL OR c.msisdn = $2)
  AND ($3::jsonb IS NULL OR c.properties @> $3)
  AND ($4::jsonb IS NULL OR c.metadata @> $4)
  AND ($5::boolean IS NULL OR $5 = (b.msisdn IS NOT NULL))
  AND ($6::text[] IS NULL OR EXISTS (SELECT 1 FROM contact_label f WHERE f.account_id = $1 AND f.label = ANY ($6) AND f.contact_id = c.contact_id))
ORDER BY c.contact_id
OFFSET $7 LIMIT $8
