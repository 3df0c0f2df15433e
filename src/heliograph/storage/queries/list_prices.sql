SELECT prefix, amount FROM price WHERE price_list_id = $1 ORDER BY prefix
