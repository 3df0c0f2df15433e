-- Whether any link of the carrier was bound since a time.
SELECT EXISTS (SELECT FROM bind_lease WHERE carrier_id = $1 AND bound_at >= $2)
