-- What the carrier answered. Lots wholly answered leave the queue; the others keep one bit a segment.
-- Only the owner (slot, epoch) may: the answer names the lots that were still its own.
-- $1 carrier, $2 slot, $3 epoch; finished lots: $4 lots, $5 accounts, $6 message ids, $7 due; lots that go
-- on: $8 lots, $9 answered until now, $10 answered, $11 positions taken out now, as text; accepted segments:
-- $12 day, $13 to $19. Comparing what was answered until now keeps a repetition from taking effect twice.
WITH done AS (
    DELETE FROM lot l
    USING unnest($4::bytea[]) AS u(lot_id)
    WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id AND l.slot = $2 AND l.epoch = $3
    RETURNING l.lot_id
), finished AS (
    INSERT INTO finished_lot (carrier_id, lot_id, account_id, due_at, message_ids)
    SELECT $1, u.lot_id, u.account_id, $7, u.message_ids
    FROM unnest($4::bytea[], $5::bigint[], $6::bytea[]) AS u(lot_id, account_id, message_ids)
    WHERE u.message_ids <> '' AND u.lot_id IN (SELECT lot_id FROM done)
), progressed AS (
    UPDATE lot l
    SET answered = u.answered,
        skipped = CASE WHEN u.taken_out = '' THEN l.skipped
                       ELSE l.skipped || string_to_array(u.taken_out, ',')::integer[] END
    FROM unnest($8::bytea[], $9::bytea[], $10::bytea[], $11::text[]) AS u(lot_id, before, answered, taken_out)
    WHERE l.carrier_id = $1 AND l.lot_id = u.lot_id AND l.slot = $2 AND l.epoch = $3
      AND coalesce(l.answered, '') = u.before
    RETURNING l.lot_id
), accepted AS (
    INSERT INTO segment (carrier_id, day, smsc_hash, segment, segments, recipient_tail, account_id, message_id,
                         smsc_id)
    SELECT $1, $12, u.smsc_hash, u.segment, u.segments, u.recipient_tail, u.account_id, u.message_id, u.smsc_id
    FROM unnest($13::bigint[], $14::smallint[], $15::smallint[], $16::integer[], $17::bigint[], $18::bytea[],
                $19::text[])
        AS u(smsc_hash, segment, segments, recipient_tail, account_id, message_id, smsc_id)
)
SELECT lot_id FROM done
UNION ALL
SELECT lot_id FROM progressed
