-- Few rows: at most one for each carrier and price list.
SELECT carrier_id, price_list_id, prefix, price, cost, prefixes FROM thin_margin ORDER BY price_list_id, carrier_id
