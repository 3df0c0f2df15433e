-- Give a slot back. The epoch rises, so that lots of the leaving owner can be told from those of the next.
UPDATE bind_lease
SET epoch = epoch + 1, holder = '', leased_until = now() - interval '1 second', bind_fault = NULL
WHERE carrier_id = $1 AND slot = $2 AND epoch = $3
RETURNING epoch
