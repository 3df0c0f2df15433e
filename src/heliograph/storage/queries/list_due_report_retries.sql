SELECT r.bucket, r.message_id, r.account_id, r.origin, r.tries, r.events
FROM report_retry r
WHERE r.bucket = ANY ($1::smallint[])
  AND NOT r.parked
  AND r.due_at <= now()
  AND r.message_id <> ALL ($2::bytea[])
  AND NOT EXISTS (SELECT FROM unnest($3::bigint[], $4::text[]) AS u(account_id, origin)
                  WHERE u.account_id = r.account_id AND u.origin = r.origin)
ORDER BY r.due_at
LIMIT $5
