DELETE FROM contact_label WHERE account_id = $1 AND contact_id = $2
