-- Slots whose holder let the lease run out without giving it back.
SELECT carrier_id, slot FROM bind_lease WHERE leased_until < now() AND holder <> '' ORDER BY carrier_id, slot
