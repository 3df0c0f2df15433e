UPDATE bind_lease
SET leased_until = now() + $4::interval, bound_at = CASE WHEN $5 THEN now() ELSE bound_at END
WHERE carrier_id = $1 AND slot = $2 AND epoch = $3
RETURNING true
