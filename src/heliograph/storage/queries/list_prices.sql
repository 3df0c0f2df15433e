-- As two arrays, which are read several times as fast as a row for each price.
SELECT coalesce(array_agg(prefix), '{}') AS prefixes, coalesce(array_agg(amount), '{}') AS amounts
FROM price
WHERE price_list_id = $1
