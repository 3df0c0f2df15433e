-- Those of a carrier whose price list is not among $2.
DELETE FROM thin_margin WHERE carrier_id = $1 AND price_list_id <> ALL ($2::integer[])
