DELETE FROM price WHERE price_list_id = $1 AND prefix = $2 RETURNING prefix
