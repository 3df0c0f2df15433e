-- The merged ranks of locked messages of several segments. An entry of '' keeps code and history.
-- $1 account, $2 messages, $3 ranks by segment, $4 rank, $5 code, $6 entry, $7 entry of the intent or '',
-- $8 refund, $9 and $10 lowest and highest message id, $11 block of the event feed, $12 now, $13 its day.
WITH changed AS (
    UPDATE message m
    SET ranks = u.ranks,
        rank = u.rank,
        previous_code = CASE WHEN u.entry = '' THEN m.previous_code ELSE m.code END,
        code = u.code,
        refunded = m.refunded OR u.refund,
        history = m.history || CASE WHEN m.code = 110 THEN '' ELSE u.sending END || u.entry
    FROM unnest($2::bytea[], $3::bytea[], $4::smallint[], $5::smallint[], $6::bytea[], $7::bytea[],
                $8::boolean[]) AS u(message_id, ranks, rank, code, entry, sending, refund)
    WHERE m.account_id = $1
      AND m.message_id = u.message_id
      AND m.message_id BETWEEN $9 AND $10
    RETURNING m.account_id, m.message_id, m.batch_id, m.code, m.previous_code, m.recipient, m.segments,
              m.price, m.refunded AND u.refund AS refund, octet_length(m.history) / 8 AS entries,
              u.entry <> '' AS changed, u.entry,
              CASE WHEN m.previous_code = 110 THEN '' ELSE u.sending END AS sending
), feed AS (
    INSERT INTO event_block (account_id, transaction_id, block_id, day, written_at, event_count, events)
    SELECT f.account_id, pg_current_xact_id()::text::bigint, $11, $13, $12, octet_length(f.events) / 24, f.events
    FROM (SELECT c.account_id,
                 string_agg(CASE WHEN c.sending = '' OR a.report_codes = 'final' THEN ''
                                 ELSE c.message_id || int4send(c.entries - 1) || c.sending END
                            || c.message_id || int4send(c.entries) || c.entry, '') AS events
          FROM changed c
          JOIN account a ON a.account_id = c.account_id
          WHERE c.changed AND (a.report_codes = 'all' OR c.code >= 200)
          GROUP BY c.account_id) f
)
SELECT c.account_id, c.message_id, c.batch_id, c.code, c.previous_code, c.recipient, c.segments, c.price,
       c.refund, c.entries, b.delivery_report_url, b.report_bucket, b.reference, b.message_count,
       a.currency, a.report_codes
FROM changed c
JOIN account a ON a.account_id = c.account_id
JOIN batch b ON b.account_id = $1 AND b.account_id = c.account_id AND b.batch_id = c.batch_id
WHERE c.changed
