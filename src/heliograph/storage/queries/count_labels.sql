SELECT label, count(*) FROM contact_label WHERE account_id = $1 GROUP BY label ORDER BY label
