INSERT INTO price_list (price_list_id, name, currency)
SELECT 1 + coalesce(max(price_list_id), 0), $1, $2 FROM price_list
RETURNING price_list_id
