SELECT price_list_id FROM price_list WHERE name = $1
