-- Matched receipts ($2) leave, the others ($3) are tried again later ($4). $1 carrier.
WITH matched AS (
    DELETE FROM unmatched_receipt r
    USING unnest($2::bytea[]) AS u(receipt_id)
    WHERE r.carrier_id = $1 AND r.receipt_id = u.receipt_id
)
UPDATE unmatched_receipt r
SET tries = r.tries + 1, next_try_at = u.next_try_at
FROM unnest($3::bytea[], $4::timestamptz[]) AS u(receipt_id, next_try_at)
WHERE r.carrier_id = $1 AND r.receipt_id = u.receipt_id
