-- Move accounts on in a carrier's fair order: from the later of the carrier's virtual time and their own
-- last position, by $4. Returns the new last positions.
-- $1 carrier, $2 priorities, $3 accounts, $4 advances: sorted, so that two of these never wait in a ring.
INSERT INTO fair_position AS f (carrier_id, priority, account_id, position, advance)
SELECT $1, u.priority, u.account_id, u.advance + coalesce((
           SELECT v.position
           FROM fair_position v
           WHERE v.carrier_id = $1 AND v.priority = u.priority AND v.account_id = 0), 0), u.advance
FROM unnest($2::smallint[], $3::bigint[], $4::bigint[]) AS u(priority, account_id, advance)
ON CONFLICT (carrier_id, priority, account_id)
DO UPDATE SET position = greatest(f.position, EXCLUDED.position - EXCLUDED.advance) + EXCLUDED.advance,
              advance = EXCLUDED.advance
RETURNING priority, account_id, position
