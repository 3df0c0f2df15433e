-- Blocks of an account ($1) from a day ($2) and a place on ($3 transaction, $4 block), below the horizon ($5):
-- $6 of them at most, and none behind the first $7 events.
SELECT b.transaction_id, b.block_id, b.written_at, b.event_count, b.events
FROM (SELECT e.transaction_id, e.block_id, e.written_at, e.event_count, e.events,
             sum(e.event_count) OVER (ORDER BY e.transaction_id, e.block_id) - e.event_count AS before
      FROM (SELECT transaction_id, block_id, written_at, event_count, events
            FROM event_block
            WHERE account_id = $1
              AND day >= $2
              AND (transaction_id, block_id) >= ($3, $4)
              AND transaction_id < $5
            ORDER BY transaction_id, block_id
            LIMIT $6) e) b
WHERE b.before < $7
ORDER BY b.transaction_id, b.block_id
