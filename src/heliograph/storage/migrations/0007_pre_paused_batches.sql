-- Pausing a batch. Its waiting messages lie in lots of their own, of state 3; the rows here hold back those
-- that come back to the queue later: messages whose try was refused for now.

ALTER TABLE batch ADD COLUMN paused_at timestamptz;

CREATE TABLE paused_batch (
    carrier_id integer NOT NULL,
    account_id bigint NOT NULL,
    batch_id   bytea NOT NULL,
    first_id   bytea NOT NULL,                                -- lowest and highest message id
    last_id    bytea NOT NULL,
    closes_at  timestamptz NOT NULL,                          -- when its last window closes: forgotten then
    PRIMARY KEY (carrier_id, account_id, batch_id)
);

ALTER TABLE paused_batch ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON paused_batch TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON paused_batch TO heliograph_engine;
