-- Claim the fairest ready lots and record the intent to submit them, in one statement.
-- $1 carrier, $2 slot, $3 epoch, $4 segments at most, $5 lots at most, $6 the priority that goes first,
-- $7 lots whose payload is at hand.
-- A lot partly submitted goes on only with its owner (slot, epoch); one whose window has closed by the
-- database's clock, or whose claimer no longer holds the lease, is not claimed. The lock on the lease makes
-- whoever takes the slot over wait until this intent can be seen.
-- A lot is suspect if its account blacklisted a number when, or after, the first of its messages was accepted: ids
-- begin with the second of that. A minute is allowed for transactions that were under way, and for clocks.
WITH lease AS MATERIALIZED (
    SELECT 1
    FROM bind_lease
    WHERE carrier_id = $1 AND slot = $2 AND epoch = $3 AND leased_until > now()
    FOR SHARE
), first AS MATERIALIZED (
    SELECT lot_id, priority, fair_position, segment_count - next_segment AS rest
    FROM lot
    WHERE carrier_id = $1 AND state = 1 AND priority = $6
      AND (slot IS NULL OR (slot = $2 AND epoch = $3))
      AND closes_at > now()
    ORDER BY fair_position
    LIMIT (SELECT count(*) FROM lease) * $5::integer
    FOR UPDATE SKIP LOCKED
), second AS MATERIALIZED (
    SELECT lot_id, priority, fair_position, segment_count - next_segment AS rest
    FROM lot
    WHERE carrier_id = $1 AND state = 1 AND priority = 3 - $6
      AND (slot IS NULL OR (slot = $2 AND epoch = $3))
      AND closes_at > now()
    ORDER BY fair_position
    LIMIT (SELECT CASE WHEN coalesce(sum(rest), 0) < $4 THEN $5::integer ELSE 0 END FROM first)
        * (SELECT count(*) FROM lease)
    FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT lot_id, priority, fair_position, rest,
           sum(rest) OVER (ORDER BY (priority = $6) DESC, fair_position, lot_id) - rest AS before
    FROM (SELECT * FROM first UNION ALL SELECT * FROM second) AS either
), picked AS MATERIALIZED (
    SELECT lot_id, priority, fair_position, rest, least(rest, $4 - before)::integer AS take
    FROM counted
    WHERE before < $4
), moved AS (
    -- Virtual time is where the service of the lot begins, so that a newcomer stands before its rest. Another
    -- lane that is moving it just now moves it about as far: nobody waits for it.
    UPDATE fair_position f
    SET position = p.position
    FROM (SELECT priority, max(fair_position - rest * 1000::bigint) AS position
          FROM picked GROUP BY priority) AS p,
         (SELECT priority FROM fair_position WHERE carrier_id = $1 AND account_id = 0
          FOR UPDATE SKIP LOCKED) AS free
    WHERE f.carrier_id = $1 AND f.account_id = 0 AND f.priority = p.priority AND free.priority = p.priority
      AND f.position < p.position
)
UPDATE lot l
SET slot = $2,
    epoch = $3,
    intent_at = now(),
    next_segment = l.next_segment + p.take,
    state = CASE WHEN l.next_segment + p.take = l.segment_count THEN 2 ELSE 1 END
FROM picked p
WHERE l.carrier_id = $1 AND l.lot_id = p.lot_id
RETURNING l.lot_id, l.account_id, l.priority, l.fair_position, l.opens_at, l.closes_at, l.later_opens,
          l.later_closes, l.segment_count, l.next_segment - p.take AS start, l.next_segment AS "end",
          l.intent_at, l.skipped, coalesce(l.answered, '') AS answered,
          CASE WHEN l.lot_id = ANY ($7::bytea[]) THEN NULL ELSE l.payload END AS payload,
          coalesce((SELECT extract(epoch FROM a.blacklisted_at) + 60
                        >= (get_byte(l.first_id, 0)::bigint << 24) + (get_byte(l.first_id, 1) << 16)
                           + (get_byte(l.first_id, 2) << 8) + get_byte(l.first_id, 3)
                    FROM account a
                    WHERE a.account_id = l.account_id), false) AS is_suspect
