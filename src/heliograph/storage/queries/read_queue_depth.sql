-- The queue of a carrier by priority and state, of its $2 oldest lots. In flight: claimed for a bind and not
-- answered yet. $1 carrier
SELECT $1::integer AS carrier_id, l.priority, l.state, count(*) AS lots,
       sum(l.segment_count - l.next_segment)::bigint AS segments,
       sum(CASE WHEN l.slot IS NULL THEN 0
                ELSE l.next_segment - coalesce(bit_count(l.answered), 0) END)::bigint AS in_flight,
       min(l.opens_at) AS oldest
FROM (
    SELECT q.priority, q.state, q.segment_count, q.next_segment, q.slot, q.answered, q.opens_at
    FROM lot q
    WHERE q.carrier_id = $1
    ORDER BY q.lot_id
    LIMIT $2::bigint
) AS l
GROUP BY l.priority, l.state
ORDER BY l.priority, l.state
