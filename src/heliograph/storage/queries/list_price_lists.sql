SELECT l.price_list_id, l.name, l.currency, (SELECT count(*) FROM price p WHERE p.price_list_id = l.price_list_id) AS prices
FROM price_list l
ORDER BY l.price_list_id
