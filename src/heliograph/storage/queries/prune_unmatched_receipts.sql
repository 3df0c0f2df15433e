-- Receipts that are looked at no more, of a carrier ($1), from before $2; $3 at most
DELETE FROM unmatched_receipt
WHERE carrier_id = $1 AND receipt_id IN (
    SELECT receipt_id
    FROM unmatched_receipt
    WHERE carrier_id = $1 AND next_try_at >= timestamptz '9999-01-01 00:00:00Z' AND received_at < $2
    LIMIT $3
)
