DELETE FROM finished_lot
WHERE carrier_id = $1
  AND lot_id IN (SELECT lot_id
                 FROM finished_lot
                 WHERE carrier_id = $1 AND due_at <= $2
                 ORDER BY due_at
                 LIMIT $3
                 FOR UPDATE SKIP LOCKED)
RETURNING account_id, message_ids
