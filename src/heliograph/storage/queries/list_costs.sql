-- As two arrays, which are read several times as fast as a row for each cost.
SELECT coalesce(array_agg(prefix), '{}') AS prefixes, coalesce(array_agg(amount), '{}') AS amounts
FROM carrier_cost
WHERE carrier_id = $1
