-- $1 becomes ready as soon as every transaction that has a lower number than this one has ended.
UPDATE conversation_progress
SET ready_to = $1, ready_after = pg_current_xact_id()::text::bigint
