-- Lots whose owner is gone: those of earlier epochs of the slot.
SELECT lot_id, account_id, segment_count, next_segment, intent_at, coalesce(answered, '') AS answered, skipped,
       payload
FROM lot
WHERE carrier_id = $1 AND slot = $2 AND epoch < $3
ORDER BY lot_id
FOR UPDATE
