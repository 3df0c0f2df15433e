-- The oldest blocks of an account ($1) for an origin ($3, in bucket $2), as many as begin within $4 events.
SELECT b.events
FROM (SELECT events, sum(event_count) OVER (ORDER BY block_id) - event_count AS before
      FROM report_block
      WHERE account_id = $1 AND bucket = $2 AND origin = $3
      ORDER BY block_id
      LIMIT $4) b
WHERE b.before < $4
