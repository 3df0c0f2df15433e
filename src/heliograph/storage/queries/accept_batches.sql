-- Everything that accepting small batches writes in family A: balance, ledger, batches, messages, summaries
-- of larger ones, idempotency. Whoever runs it compares the answer with what was asked for and rolls back
-- if an account could not pay or a key was taken meanwhile.
-- $1 accounts that pay, in ascending order; $2 their ledger entries; $3 what they pay; $4 now
-- $5 opens, $6 closes and $7 tags of all batches end to end; each batch names its slice of them
-- $8-$26 batches   $27-$35 messages   $36-$40 summaries   $41-$47 idempotency
WITH debit AS (
    UPDATE balance b
    SET amount = b.amount - u.total
    FROM unnest($1::bigint[], $3::bigint[]) AS u(account_id, total)
    WHERE b.account_id = u.account_id AND b.amount >= u.total
    RETURNING b.account_id
), charge AS (
    INSERT INTO ledger (account_id, entry_id, kind, amount, created_at)
    SELECT u.account_id, u.entry_id, 2, -u.total, $4
    FROM unnest($1::bigint[], $2::bytea[], $3::bigint[]) AS u(account_id, entry_id, total)
), batches AS (
    INSERT INTO batch (account_id, batch_id, created_at, sender, body, flash, coding, priority, templated,
                       opens, closes, delivery_report_url, report_bucket, reference, tags, message_count,
                       segment_count, charged)
    SELECT u.account_id, u.batch_id, u.created_at, u.sender, u.body, u.flash, u.coding, u.priority, u.templated,
           ($5::timestamptz[])[u.windows_from:u.windows_to], ($6::timestamptz[])[u.windows_from:u.windows_to],
           u.url, u.bucket, u.reference, ($7::text[])[u.tags_from:u.tags_to], u.message_count, u.segment_count,
           u.charged
    FROM unnest($8::bigint[], $9::bytea[], $10::timestamptz[], $11::text[], $12::text[], $13::boolean[],
                $14::text[], $15::smallint[], $16::boolean[], $17::integer[], $18::integer[], $19::text[],
                $20::smallint[], $21::text[], $22::integer[], $23::integer[], $24::integer[], $25::integer[],
                $26::bigint[])
        AS u(account_id, batch_id, created_at, sender, body, flash, coding, priority, templated, windows_from,
             windows_to, url, bucket, reference, tags_from, tags_to, message_count, segment_count, charged)
), messages AS (
    INSERT INTO message (account_id, message_id, batch_id, recipient, price, code, rank, segments, encoding,
                         body)
    SELECT u.account_id, u.message_id, u.batch_id, u.recipient, u.price, u.code,
           CASE u.code WHEN 103 THEN 0 ELSE 10 END, u.segments, u.encoding, u.body
    FROM unnest($27::bigint[], $28::bytea[], $29::bytea[], $30::text[], $31::bigint[], $32::smallint[],
                $33::smallint[], $34::smallint[], $35::text[])
        AS u(account_id, message_id, batch_id, recipient, price, code, segments, encoding, body)
), summaries AS (
    INSERT INTO summary (account_id, batch_id, code, messages, segments)
    SELECT u.account_id, u.batch_id, u.code, u.messages, u.segments
    FROM unnest($36::bigint[], $37::bytea[], $38::smallint[], $39::integer[], $40::integer[])
        AS u(account_id, batch_id, code, messages, segments)
), kept AS (
    INSERT INTO idempotency (account_id, route, key, request_hash, status, answer, location, created_at)
    SELECT u.account_id, u.route, u.key, u.request_hash, u.status, u.answer, u.location, $4
    FROM unnest($41::bigint[], $42::text[], $43::text[], $44::bytea[], $45::smallint[], $46::bytea[],
                $47::text[])
        AS u(account_id, route, key, request_hash, status, answer, location)
    ON CONFLICT (account_id, route, key) DO NOTHING
    RETURNING account_id, key
)
SELECT ARRAY(SELECT account_id FROM debit) AS paid,
       ARRAY(SELECT account_id || ' ' || key FROM kept) AS kept
