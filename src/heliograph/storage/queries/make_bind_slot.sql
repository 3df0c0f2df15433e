-- The row of a slot and the carrier's virtual times, if they do not exist yet.
WITH times AS (
    INSERT INTO fair_position (carrier_id, priority, account_id, position)
    VALUES ($1, 1, 0, 0), ($1, 2, 0, 0)
    ON CONFLICT (carrier_id, priority, account_id) DO NOTHING
)
INSERT INTO bind_lease (carrier_id, slot, epoch, holder, leased_until)
VALUES ($1, $2, 0, '', '-infinity')
ON CONFLICT (carrier_id, slot) DO NOTHING
