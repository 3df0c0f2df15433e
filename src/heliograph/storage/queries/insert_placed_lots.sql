-- New lots of one carrier whose places in the fair order are known, 0 for a scheduled one.
-- $1 carrier; $2 lots, $3 accounts, $4 priorities, $5 states, $6 places; $7 opens, $8 closes,
-- $9 and $10 slices of $11 and $12, the windows after these; $13 segments, $14 and $15 lowest and highest
-- message, $16 payloads
INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at, closes_at, later_opens,
                 later_closes, segment_count, first_id, last_id, payload)
SELECT $1, u.lot_id, u.account_id, u.priority, u.state, u.place, u.opens_at, u.closes_at,
       ($11::timestamptz[])[u.later_from:u.later_to], ($12::timestamptz[])[u.later_from:u.later_to],
       u.segment_count, u.first_id, u.last_id, u.payload
FROM unnest($2::bytea[], $3::bigint[], $4::smallint[], $5::smallint[], $6::bigint[], $7::timestamptz[],
            $8::timestamptz[], $9::integer[], $10::integer[], $13::integer[], $14::bytea[], $15::bytea[],
            $16::bytea[])
    AS u(lot_id, account_id, priority, state, place, opens_at, closes_at, later_from, later_to, segment_count,
         first_id, last_id, payload)
