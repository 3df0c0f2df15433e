-- Blocks of events to deliver, oldest first, of one's own buckets ($1), without those in hand ($2) and those
-- of origins that take no more now ($3 accounts, $4 origins).
SELECT b.bucket, b.block_id, b.account_id, b.origin, b.event_count, b.events
FROM report_block b
WHERE b.bucket = ANY ($1::smallint[])
  AND b.due_at <= now()
  AND b.block_id <> ALL ($2::bytea[])
  AND NOT EXISTS (SELECT FROM unnest($3::bigint[], $4::text[]) AS u(account_id, origin)
                  WHERE u.account_id = b.account_id AND u.origin = b.origin)
ORDER BY b.block_id
LIMIT $5
