SELECT count(*) FROM contact_label WHERE account_id = $1 AND label = $2
