-- Who holds the binds of the carriers, by the database's clock.
SELECT carrier_id, slot, epoch, holder, leased_until > now() AND holder <> '' AS is_held, bound_at,
       now() AS as_of, answered_per_second, is_bound AS says_bound, bind_fault
FROM bind_lease
ORDER BY carrier_id, slot
