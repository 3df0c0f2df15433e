INSERT INTO unmatched_receipt (carrier_id, receipt_id, smsc_hash, smsc_id, recipient, rank, code, received_at,
                               next_try_at)
SELECT $1, u.receipt_id, u.smsc_hash, u.smsc_id, u.recipient, u.rank, u.code, u.received_at, $2
FROM unnest($3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::smallint[], $8::smallint[],
            $9::timestamptz[])
    AS u(receipt_id, smsc_hash, smsc_id, recipient, rank, code, received_at)
ON CONFLICT (carrier_id, receipt_id) DO NOTHING
