SELECT receipt_id, smsc_hash, smsc_id, recipient, rank, code, received_at, tries
FROM unmatched_receipt
WHERE carrier_id = $1 AND next_try_at <= $2
ORDER BY next_try_at
LIMIT $3
FOR UPDATE SKIP LOCKED
