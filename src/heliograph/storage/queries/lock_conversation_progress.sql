SELECT filled_to, ready_to, ready_after <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS is_ready
FROM conversation_progress
FOR UPDATE SKIP LOCKED
