-- The feed of events of each account: every status change that a delivery report would tell, in blocks of
-- what one transaction changed. Readers go by (transaction_id, block_id) and stay below the oldest
-- transaction that still runs, so that what commits late is never behind them. Dropped by day.
CREATE TABLE event_block (
    account_id     bigint NOT NULL,
    transaction_id bigint NOT NULL,                           -- of the one that wrote it
    block_id       bytea NOT NULL,
    day            date NOT NULL,
    written_at     timestamptz NOT NULL,
    event_count    integer NOT NULL,
    events         bytea STORAGE EXTERNAL NOT NULL,           -- domain/feed_events.py
    PRIMARY KEY (account_id, transaction_id, block_id, day)
) PARTITION BY RANGE (day);

ALTER TABLE event_block ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON event_block TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON event_block TO heliograph_engine;
CREATE POLICY face ON event_block FOR SELECT TO heliograph_face
    USING (account_id = nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON event_block TO heliograph_face;
