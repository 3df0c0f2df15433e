UPDATE bind_lease
SET leased_until = now() + $4::interval,
    bound_at = CASE WHEN $5 THEN now() ELSE bound_at END,
    bound_since = CASE WHEN $5 AND (bound_since IS NULL OR bound_at < now() - interval '30 s') THEN now()
                       ELSE bound_since END
WHERE carrier_id = $1 AND slot = $2 AND epoch = $3
RETURNING true
