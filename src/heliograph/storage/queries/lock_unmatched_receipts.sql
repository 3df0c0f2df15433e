SELECT r.receipt_id, r.smsc_hash, r.smsc_id, r.recipient, r.rank, r.code, r.received_at, r.tries
FROM unmatched_receipt r
JOIN unnest($2::bigint[]) AS u(smsc_hash) ON r.smsc_hash = u.smsc_hash
WHERE r.carrier_id = $1
FOR UPDATE OF r SKIP LOCKED
