-- Of a carrier, counted to $2 at most: segments in doubt, and receipts whose message is not known. Late: what the
-- keeper should have done by $3. $1 carrier
SELECT $1::integer AS carrier_id,
       (SELECT count(*)
        FROM (SELECT 1 FROM in_doubt WHERE carrier_id = $1 AND accepted_at IS NULL LIMIT $2::bigint) AS few) AS in_doubt,
       (SELECT count(*) FROM (SELECT 1 FROM unmatched_receipt WHERE carrier_id = $1 LIMIT $2::bigint) AS few)
           AS unmatched,
       (SELECT min(opens_at) FROM lot WHERE carrier_id = $1 AND state = 0 AND opens_at < $3) AS unopened_since,
       (SELECT min(due_at) FROM finished_lot WHERE carrier_id = $1 AND due_at < $3) AS unclosed_since
