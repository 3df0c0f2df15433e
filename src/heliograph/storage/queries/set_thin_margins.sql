-- $1 carrier, $2 price lists, $3 prefixes, $4 prices, $5 costs, $6 how many prefixes
INSERT INTO thin_margin (carrier_id, price_list_id, prefix, price, cost, prefixes)
SELECT $1, u.price_list_id, u.prefix, u.price, u.cost, u.prefixes
FROM unnest($2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::integer[])
     AS u(price_list_id, prefix, price, cost, prefixes)
ON CONFLICT (carrier_id, price_list_id) DO UPDATE
SET prefix = EXCLUDED.prefix, price = EXCLUDED.price, cost = EXCLUDED.cost, prefixes = EXCLUDED.prefixes
