-- How long message texts and phone numbers are kept: the keeper erases them after that, batch by batch.

-- Null: as the installation's setting says.
ALTER TABLE account ADD COLUMN retention_days integer CHECK (retention_days BETWEEN 10 AND 3650);

-- How far each account's batches have been looked at, in the order of their ids.
CREATE TABLE erasure_progress (
    account_id bigint PRIMARY KEY,
    looked_to  bytea NOT NULL
);

-- Batches that were looked at and could not be erased yet: sent late, or something of them was still open.
CREATE TABLE erasure_later (
    account_id bigint NOT NULL,
    batch_id   bytea NOT NULL,
    look_at    timestamptz NOT NULL,
    PRIMARY KEY (account_id, batch_id)
);
CREATE INDEX erasure_later_look ON erasure_later (account_id, look_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['erasure_progress', 'erasure_later'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
    END LOOP;
END $$;
