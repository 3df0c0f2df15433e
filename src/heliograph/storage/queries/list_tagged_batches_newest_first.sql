-- A filter that is null chooses every batch. $2 and $3 ids between which it lies; $4 and $5 made from and before;
-- $6 sender; $7 reference; $8 direction; $9 how many to leave out, $10 at most; $11 tag.
SELECT b.batch_id, b.created_at, b.direction = 1 AS incoming, b.sender, b.body, b.flash, b.coding, b.priority,
       b.templated, b.opens, b.closes, b.delivery_report_url, b.reference, b.tags, b.message_count, b.charged,
       b.refunded, b.canceled_at, b.test,
       b.paused_at
FROM batch_tag t
JOIN batch b ON b.account_id = $1 AND b.batch_id = t.batch_id AND b.batch_id > $2 AND b.batch_id < $3
WHERE t.account_id = $1 AND t.tag = $11 AND t.batch_id > $2 AND t.batch_id < $3 AND b.hidden_at IS NULL
  AND ($4::timestamptz IS NULL OR b.created_at >= $4) AND ($5::timestamptz IS NULL OR b.created_at < $5)
  AND ($6::text IS NULL OR b.sender = $6) AND ($7::text IS NULL OR b.reference = $7)
  AND ($8::smallint IS NULL OR b.direction = $8)
ORDER BY t.batch_id DESC
OFFSET $9
LIMIT $10
