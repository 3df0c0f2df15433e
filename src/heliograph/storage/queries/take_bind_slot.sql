-- Take a slot whose lease is over, by the database's clock. The higher epoch fences the holder before.
UPDATE bind_lease
SET epoch = epoch + 1, holder = $3, leased_until = now() + $4::interval, answered_per_second = 0, is_bound = false, bind_fault = NULL
WHERE carrier_id = $1 AND slot = $2 AND leased_until < now()
RETURNING epoch
