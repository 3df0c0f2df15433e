SELECT n.number, n.account_id, n.shared, n.created_at,
       ARRAY(SELECT k.keyword FROM inbound_keyword k WHERE k.number = n.number ORDER BY k.keyword) AS keywords,
       ARRAY(SELECT k.account_id FROM inbound_keyword k WHERE k.number = n.number ORDER BY k.keyword) AS owners
FROM inbound_number n
ORDER BY n.number
