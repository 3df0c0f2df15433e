INSERT INTO event_block (account_id, transaction_id, block_id, day, written_at, event_count, events)
VALUES ($1, pg_current_xact_id()::text::bigint, $2, $4, $3, $5, $6)
