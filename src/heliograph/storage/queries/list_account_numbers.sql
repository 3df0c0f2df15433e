-- The numbers with which handsets reach an account: its own, and shared ones where it has keywords.
-- $1 account
SELECT n.number, n.shared, coalesce(n.account_id = $1, false) AS own,
       ARRAY(SELECT k.keyword FROM inbound_keyword k WHERE k.number = n.number AND k.account_id = $1
             ORDER BY k.keyword) AS keywords
FROM inbound_number n
WHERE n.account_id = $1 OR EXISTS (SELECT 1 FROM inbound_keyword k WHERE k.number = n.number AND k.account_id = $1)
ORDER BY n.number
