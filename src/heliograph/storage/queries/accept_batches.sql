-- Everything that accepting batches writes in family A: balance, ledger, batches, messages, summaries of
-- larger ones, idempotency. Whoever runs it compares the answer with what was asked for and rolls back if an
-- account could not pay, a key was taken meanwhile, or an account turns out to have a blacklist.
-- Rows come as JSON: encoding it costs the driver a third of what as many array elements do.
-- $1 accounts that pay, in ascending order; $2 their ledger entries; $3 what they pay; $4 now
-- $5 batches, $6 messages, $7 summaries, $8 idempotency
WITH debit AS (
    UPDATE balance b
    SET amount = b.amount - u.total
    FROM unnest($1::bigint[], $3::bigint[]) AS u(account_id, total)
    WHERE b.account_id = u.account_id AND b.amount >= u.total
    RETURNING b.account_id, b.has_blacklist
), charge AS (
    INSERT INTO ledger (account_id, entry_id, kind, amount, created_at)
    SELECT u.account_id, u.entry_id, 2, -u.total, $4
    FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS u(account_id, entry_id, total)
), batches AS (
    INSERT INTO batch (account_id, batch_id, created_at, sender, body, flash, coding, priority, templated,
                       opens, closes, delivery_report_url, report_bucket, reference, tags, message_count,
                       segment_count, charged, test)
    SELECT u.account_id, u.batch_id, u.created_at, u.sender, u.body, u.flash, u.coding, u.priority, u.templated,
           u.opens, u.closes, u.url, u.bucket, u.reference, u.tags, u.message_count, u.segment_count, u.charged,
           coalesce(u.test, false)
    FROM json_to_recordset($5::json)
        AS u(account_id bigint, batch_id bytea, created_at timestamptz, sender text, body text, flash boolean,
             coding text, priority smallint, templated boolean, opens timestamptz[], closes timestamptz[],
             url text, bucket smallint, reference text, tags text[], message_count integer,
             segment_count integer, charged bigint, test boolean)
), messages AS (
    INSERT INTO message (account_id, message_id, batch_id, recipient, price, code, rank, segments, encoding,
                         body)
    SELECT u.account_id, u.message_id, u.batch_id, u.recipient, u.price, u.code,
           CASE u.code WHEN 103 THEN 0 ELSE 10 END, u.segments, u.encoding, u.body
    FROM json_to_recordset($6::json)
        AS u(account_id bigint, message_id bytea, batch_id bytea, recipient text, price bigint, code smallint,
             segments smallint, encoding smallint, body text)
), summaries AS (
    INSERT INTO summary (account_id, batch_id, code, messages, segments)
    SELECT u.account_id, u.batch_id, u.code, u.messages, u.segments
    FROM json_to_recordset($7::json)
        AS u(account_id bigint, batch_id bytea, code smallint, messages integer, segments integer)
), kept AS (
    INSERT INTO idempotency (account_id, route, key, request_hash, status, answer, location, created_at)
    SELECT u.account_id, u.route, u.key, u.request_hash, u.status, u.answer, u.location, $4
    FROM json_to_recordset($8::json)
        AS u(account_id bigint, route text, key text, request_hash bytea, status smallint, answer bytea,
             location text)
    ON CONFLICT (account_id, route, key) DO NOTHING
    RETURNING account_id, key
)
SELECT ARRAY(SELECT account_id FROM debit) AS paid,
       ARRAY(SELECT account_id || ' ' || key FROM kept) AS kept,
       ARRAY(SELECT account_id FROM debit WHERE has_blacklist) AS with_blacklist
