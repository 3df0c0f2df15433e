-- How many messages an account sent and received, by when they were accepted, by code and by how long they took:
-- counted by the keeper in bulk, minutes after the fact, and again at greater ages, when more of them are final.
-- What is younger readers count themselves.

CREATE TABLE traffic (
    account_id bigint NOT NULL,
    began_at   timestamptz NOT NULL,                          -- of five minutes; of an hour once some days old
    direction  smallint NOT NULL,                             -- as the batch's
    code       smallint NOT NULL,
    step       smallint NOT NULL,                             -- how long until final: domain/traffic.py
    messages   integer NOT NULL,
    segments   integer NOT NULL,
    PRIMARY KEY (account_id, began_at, direction, code, step)
);

-- One row for each age at which messages are counted: messages accepted before are counted.
CREATE TABLE traffic_progress (
    look       smallint PRIMARY KEY,
    counted_to timestamptz NOT NULL
);
-- The first look begins with the oldest message. The others have only to do what the first sees too young.
INSERT INTO traffic_progress VALUES (0, to_timestamp(0));
INSERT INTO traffic_progress
SELECT look, date_bin('1 hour', statement_timestamp() - age - interval '1 hour', to_timestamp(0))
FROM (VALUES (1, interval '1 hour'), (2, interval '1 day'), (3, interval '4 days'), (4, interval '10 days'))
    AS looks(look, age);

ALTER TABLE traffic ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON traffic TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON traffic TO heliograph_engine;
CREATE POLICY face ON traffic FOR SELECT TO heliograph_face USING (account_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON traffic TO heliograph_face;

-- It tells nothing of anybody: every face may read it.
ALTER TABLE traffic_progress ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON traffic_progress TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON traffic_progress TO heliograph_engine;
CREATE POLICY face ON traffic_progress FOR SELECT TO heliograph_face USING (true);
GRANT SELECT ON traffic_progress TO heliograph_face;
