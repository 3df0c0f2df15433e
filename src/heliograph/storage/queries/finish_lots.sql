-- Locked lots leave the queue; their messages may still get receipts.
-- $1 carrier, $2 lots, $3 accounts, $4 message ids, $5 due.
WITH gone AS (
    DELETE FROM lot l
    USING unnest($2::bytea[]) AS u(lot_id)
    WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id
)
INSERT INTO finished_lot (carrier_id, lot_id, account_id, due_at, message_ids)
SELECT $1, u.lot_id, u.account_id, $5, u.message_ids
FROM unnest($2::bytea[], $3::bigint[], $4::bytea[]) AS u(lot_id, account_id, message_ids)
WHERE u.message_ids <> ''
