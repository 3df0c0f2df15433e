-- Changes of messages of one segment, at most one a message. A row changes only if the new rank is higher,
-- which makes order and repetition of what carriers say irrelevant:
--   rank 0 (another try) and rank 10 (closed by ourselves) apply only while no carrier accepted it, and so does
--   whatever returns the price.
-- $1 accounts, $2 messages, $3 ranks, $4 codes, $5 history entry, $6 history entry of the intent or '',
-- $7 refund, $8 and $9 lowest and highest message id, which let unneeded partitions be skipped. The batch
-- is found by its key alone: a range as well makes plans that read the range.
-- What is reported goes into the accounts' event feeds as well (domain/feed_events.py): $10 block, $11 now,
-- $12 its day.
WITH changed AS (
    UPDATE message m
    SET rank = u.rank,
        previous_code = m.code,
        code = u.code,
        refunded = m.refunded OR u.refund,
        history = m.history || CASE WHEN m.code = 110 THEN '' ELSE u.sending END || u.entry
    FROM unnest($1::bigint[], $2::bytea[], $3::smallint[], $4::smallint[], $5::bytea[], $6::bytea[],
                $7::boolean[]) AS u(account_id, message_id, rank, code, entry, sending, refund)
    WHERE m.account_id = u.account_id
      AND m.message_id = u.message_id
      AND m.message_id BETWEEN $8 AND $9
      AND CASE WHEN u.rank = 10 OR (u.refund AND m.rank > 1) THEN m.rank <= 1
               WHEN u.rank = 0 THEN m.rank = 0
               ELSE m.rank < u.rank END
    RETURNING m.account_id, m.message_id, m.batch_id, m.code, m.previous_code, m.recipient, m.segments,
              m.price, m.refunded AND u.refund AS refund, octet_length(m.history) / 8 AS entries, u.entry,
              CASE WHEN m.previous_code = 110 THEN '' ELSE u.sending END AS sending
), feed AS (
    INSERT INTO event_block (account_id, transaction_id, block_id, day, written_at, event_count, events)
    SELECT f.account_id, pg_current_xact_id()::text::bigint, $10, $12, $11, octet_length(f.events) / 24, f.events
    FROM (SELECT c.account_id,
                 string_agg(CASE WHEN c.sending = '' OR a.report_codes = 'final' THEN ''
                                 ELSE c.message_id || int4send(c.entries - 1) || c.sending END
                            || c.message_id || int4send(c.entries) || c.entry, '') AS events
          FROM changed c
          JOIN account a ON a.account_id = c.account_id
          WHERE a.report_codes = 'all' OR c.code >= 200
          GROUP BY c.account_id) f
)
SELECT c.account_id, c.message_id, c.batch_id, c.code, c.previous_code, c.recipient, c.segments, c.price,
       c.refund, c.entries, b.delivery_report_url, b.report_bucket, b.reference, b.message_count,
       a.currency, a.report_codes
FROM changed c
JOIN account a ON a.account_id = c.account_id
JOIN batch b ON b.account_id = c.account_id AND b.batch_id = c.batch_id
