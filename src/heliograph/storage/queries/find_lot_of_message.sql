-- The lot that a message waits in at a carrier: one whose range of ids it is in, rather one with segments left. What
-- is tried again is in a lot of its own, so that ranges may meet; only some of the nearest are looked at.
-- $1 carrier, $2 account, $3 message
SELECT state, opens_at
FROM (SELECT state, opens_at, first_id, last_id
      FROM lot
      WHERE carrier_id = $1 AND account_id = $2 AND first_id <= $3
      ORDER BY first_id DESC
      LIMIT 20) AS nearest
WHERE last_id >= $3
ORDER BY state = 2, first_id DESC
LIMIT 1
