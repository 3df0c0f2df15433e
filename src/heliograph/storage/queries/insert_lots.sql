-- New lots of one carrier. Those that are ready take their place in the fair order: the accounts move on
-- first, as in advance_fair_positions, and each lot stands $8 after where its account was.
-- $1 carrier; $2 priorities, $3 accounts and $4 advances of those who move on, sorted
-- $5 lots, $6 accounts, $7 priorities, $8 offsets, null for a scheduled lot; $9 opens, $10 closes,
-- $11 and $12 slices of $13 and $14, the windows after these; $15 segments, $16 and $17 lowest and highest
-- message, $18 payloads
WITH moved AS (
    INSERT INTO fair_position AS f (carrier_id, priority, account_id, position, advance)
    SELECT $1, u.priority, u.account_id, u.advance + coalesce((
               SELECT v.position
               FROM fair_position v
               WHERE v.carrier_id = $1 AND v.priority = u.priority AND v.account_id = 0), 0), u.advance
    FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS u(priority, account_id, advance)
    ON CONFLICT (carrier_id, priority, account_id)
    DO UPDATE SET position = greatest(f.position, EXCLUDED.position - EXCLUDED.advance) + EXCLUDED.advance,
                  advance = EXCLUDED.advance
    RETURNING priority, account_id, position - advance AS start
)
INSERT INTO lot (carrier_id, lot_id, account_id, priority, state, fair_position, opens_at, closes_at, later_opens,
                 later_closes, segment_count, first_id, last_id, payload)
SELECT $1, u.lot_id, u.account_id, u.priority, CASE WHEN u.place IS NULL THEN 0 ELSE 1 END,
       CASE WHEN u.place IS NULL THEN 0 ELSE m.start + u.place END, u.opens_at, u.closes_at,
       ($13::timestamptz[])[u.later_from:u.later_to], ($14::timestamptz[])[u.later_from:u.later_to],
       u.segment_count, u.first_id, u.last_id, u.payload
FROM unnest($5::bytea[], $6::bigint[], $7::smallint[], $8::bigint[], $9::timestamptz[], $10::timestamptz[],
            $11::integer[], $12::integer[], $15::integer[], $16::bytea[], $17::bytea[], $18::bytea[])
    AS u(lot_id, account_id, priority, place, opens_at, closes_at, later_from, later_to, segment_count, first_id,
         last_id, payload)
LEFT JOIN moved m ON m.priority = u.priority AND m.account_id = u.account_id
