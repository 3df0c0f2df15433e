-- Whose messages to these numbers are.
SELECT n.number, n.account_id,
       ARRAY(SELECT k.keyword FROM inbound_keyword k WHERE k.number = n.number ORDER BY k.keyword) AS keywords,
       ARRAY(SELECT k.account_id FROM inbound_keyword k WHERE k.number = n.number ORDER BY k.keyword) AS owners
FROM inbound_number n
WHERE n.number = ANY ($1::text[])
