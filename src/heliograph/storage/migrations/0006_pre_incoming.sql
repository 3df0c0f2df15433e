-- Incoming messages: our numbers and whose they are, and the segments that wait for others.

ALTER TABLE account ADD COLUMN incoming_url text;             -- where incoming messages are POSTed

-- How many segments of an incoming message never came; null for every other batch, which costs nothing.
ALTER TABLE batch ADD COLUMN missing_segments smallint;

CREATE TABLE inbound_number (
    number     text PRIMARY KEY CHECK (number ~ '^[0-9]{2,15}$'),
    account_id bigint REFERENCES account,                     -- gets what no keyword claims; null: nobody
    shared     boolean NOT NULL DEFAULT false,                -- whether accounts have keywords on it
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE inbound_keyword (
    number     text NOT NULL REFERENCES inbound_number ON DELETE CASCADE,
    keyword    text NOT NULL,                                 -- as domain/incoming.fold_keyword writes it
    account_id bigint NOT NULL REFERENCES account,
    PRIMARY KEY (number, keyword)
);

-- Family C. What is kept of one handset and one number of ours: segments that wait for others, and marks of
-- those given out lately (domain/reassembly.py). The row is the lock under which segments are joined, since
-- they may come by several binds at once.
CREATE TABLE reassembly (
    carrier_id   integer NOT NULL,
    sender       text NOT NULL,
    recipient    text NOT NULL,
    next_look_at timestamptz NOT NULL,
    kept         bytea NOT NULL,
    PRIMARY KEY (carrier_id, sender, recipient)
) WITH (fillfactor = 70);
CREATE INDEX reassembly_next_look ON reassembly (carrier_id, next_look_at);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['inbound_number', 'inbound_keyword', 'reassembly']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['inbound_number', 'inbound_keyword']
    LOOP
        EXECUTE format('CREATE POLICY face ON %I FOR SELECT TO heliograph_face USING (account_id = '
            'nullif(current_setting(''heliograph.account'', true), '''')::bigint)', name);
        EXECUTE format('GRANT SELECT ON %I TO heliograph_face', name);
    END LOOP;
END $$;
