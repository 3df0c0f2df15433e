-- Incoming messages, each a batch of one. $1 accounts, $2 batch ids, $3 message ids, $4 senders, $5 recipients,
-- $6 texts, $7 whether flash, $8 names of the coding, $9 encodings, $10 segments, $11 missing segments or null,
-- $12 now, $13 its day, $14 the history entry of status 201, which goes into the event feed: a block each,
-- $15 stop, start or null.
WITH batches AS (
    INSERT INTO batch (account_id, batch_id, created_at, direction, sender, body, flash, coding, priority,
                       templated, opens, closes, tags, message_count, segment_count, charged,
                       missing_segments, opt_out)
    SELECT u.account_id, u.batch_id, $12, 1, u.sender, u.body, u.flash, u.coding, 1, false, '{}', '{}', '{}',
           1, u.segments, 0, u.missing, u.opt_out
    FROM unnest($1::bigint[], $2::bytea[], $4::text[], $6::text[], $7::boolean[], $8::text[],
                $10::smallint[], $11::smallint[], $15::text[])
        AS u(account_id, batch_id, sender, body, flash, coding, segments, missing, opt_out)
), feed AS (
    INSERT INTO event_block (account_id, transaction_id, block_id, day, written_at, event_count, events)
    SELECT u.account_id, pg_current_xact_id()::text::bigint, u.batch_id, $13, $12, 1,
           u.message_id || int4send(1) || $14::bytea
    FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS u(account_id, batch_id, message_id)
)
INSERT INTO message (account_id, message_id, batch_id, price, code, rank, segments, encoding, recipient)
SELECT u.account_id, u.message_id, u.batch_id, 0, 201, 9, u.segments, u.encoding, u.recipient
FROM unnest($1::bigint[], $3::bytea[], $2::bytea[], $10::smallint[], $9::smallint[], $5::text[])
    AS u(account_id, message_id, batch_id, segments, encoding, recipient)
