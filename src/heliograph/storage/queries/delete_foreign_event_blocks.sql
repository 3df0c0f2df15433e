-- Blocks that no transaction of this server can have written: they came with a dump of another one, whose
-- count of transactions says nothing here.
DELETE FROM event_block WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
