-- $1 carrier, $2 slot, $3 epoch, $4 lease, $5 whether its link is bound, null: nobody looked, $6 answers a second, null: as before,
-- $7 why its link is not bound, if somebody looked
UPDATE bind_lease
SET leased_until = now() + $4::interval,
    bound_at = CASE WHEN $5 THEN now() ELSE bound_at END,
    bound_since = CASE WHEN $5 AND (bound_since IS NULL OR bound_at < now() - interval '30 s') THEN now()
                       ELSE bound_since END,
    is_bound = coalesce($5, is_bound),
    answered_per_second = coalesce($6, answered_per_second),
    bind_fault = CASE WHEN $5 IS NULL THEN bind_fault ELSE $7 END
WHERE carrier_id = $1 AND slot = $2 AND epoch = $3
RETURNING true
