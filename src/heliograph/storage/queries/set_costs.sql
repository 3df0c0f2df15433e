INSERT INTO carrier_cost (carrier_id, prefix, amount)
SELECT $1, u.prefix, u.amount FROM unnest($2::text[], $3::bigint[]) AS u(prefix, amount)
ON CONFLICT (carrier_id, prefix) DO UPDATE SET amount = EXCLUDED.amount
