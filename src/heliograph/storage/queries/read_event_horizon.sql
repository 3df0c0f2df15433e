-- The oldest transaction that still runs: whatever a lower one wrote is there for good, or never will be.
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint
