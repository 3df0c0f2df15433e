DELETE FROM price_list
WHERE price_list_id = $1 AND NOT EXISTS (SELECT FROM account a WHERE a.price_list_id = $1)
RETURNING price_list_id
