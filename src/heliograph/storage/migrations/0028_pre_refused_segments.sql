-- What carriers answered instead of accepting a segment, in blocks of what one flight committed: for the timelines of
-- messages. Dropped by day.
CREATE TABLE refused_block (
    carrier_id integer NOT NULL,
    day        date NOT NULL,
    block_id   bytea NOT NULL,
    slot       smallint NOT NULL,
    first_id   bytea NOT NULL,                                -- lowest and highest message id in it
    last_id    bytea NOT NULL,
    refusals   bytea NOT NULL,                                -- domain/refused_segment.py
    PRIMARY KEY (carrier_id, day, block_id)
) PARTITION BY RANGE (day);

ALTER TABLE refused_block ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON refused_block TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON refused_block TO heliograph_engine;
