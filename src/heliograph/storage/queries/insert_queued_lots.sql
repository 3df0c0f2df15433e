-- Messages that are to be tried again, as lots of their own. $1 carrier. What may belong to a paused batch is
-- not made ready: whoever releases it looks closer.
INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at, closes_at,
                 later_opens, later_closes, segment_count, first_id, last_id, payload)
SELECT $1, u.lot_id, u.account_id, u.priority,
       CASE WHEN u.state = 1 AND EXISTS (
           SELECT 1
           FROM paused_batch p
           WHERE p.carrier_id = $1 AND p.account_id = u.account_id
             AND p.first_id <= u.last_id AND p.last_id >= u.first_id
       ) THEN 0 ELSE u.state END,
       u.fair_position, u.opens_at, u.closes_at,
       u.later_opens::timestamptz[], u.later_closes::timestamptz[], u.segment_count, u.first_id, u.last_id,
       u.payload
FROM unnest($2::bytea[], $3::bigint[], $4::smallint[], $5::smallint[], $6::bigint[], $7::timestamptz[],
            $8::timestamptz[], $9::text[], $10::text[], $11::integer[], $12::bytea[], $13::bytea[],
            $14::bytea[])
    AS u(lot_id, account_id, priority, state, fair_position, opens_at, closes_at, later_opens, later_closes,
         segment_count, first_id, last_id, payload)
