-- Expired lots leave; what of them the carrier accepted still waits for its receipts.
-- $1 carrier, $2 lots, $3 their submitted messages (12 bytes each; '' for none), $4 when receipts are due.
WITH gone AS (
    DELETE FROM lot l
    USING unnest($2::bytea[], $3::bytea[]) AS u(lot_id, message_ids)
    WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id
    RETURNING l.lot_id, l.account_id, u.message_ids
)
INSERT INTO finished_lot (carrier_id, lot_id, account_id, due_at, message_ids)
SELECT $1, lot_id, account_id, $4, message_ids
FROM gone
WHERE message_ids <> ''
