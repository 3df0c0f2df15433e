-- Reports in the oldest blocks ($4 at most) of an account ($1) for an origin ($3, in bucket $2).
SELECT coalesce(sum(b.event_count), 0)
FROM (SELECT event_count FROM report_block
      WHERE account_id = $1 AND bucket = $2 AND origin = $3
      ORDER BY block_id
      LIMIT $4) b
