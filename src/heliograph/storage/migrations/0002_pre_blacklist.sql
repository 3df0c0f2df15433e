-- Numbers that an account never sends to, and how they came and went.

CREATE TABLE blacklist (
    account_id bigint NOT NULL,
    msisdn     text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, msisdn)
);
CREATE INDEX blacklist_created ON blacklist (account_id, created_at, msisdn);

-- Only ever appended to: who asked when to be left alone, and who took it back.
CREATE TABLE blacklist_event (
    account_id  bigint NOT NULL,
    msisdn      text NOT NULL,
    happened_at timestamptz NOT NULL,
    event_id    uuid NOT NULL DEFAULT gen_random_uuid(),
    kind        text NOT NULL CHECK (kind IN ('added', 'removed')),
    source      text NOT NULL CHECK (source IN ('api', 'stop', 'start', 'operator')),
    PRIMARY KEY (account_id, msisdn, happened_at, event_id)
);

-- Whether the account ever had an entry. It stands beside the balance since every send that is paid
-- updates that row anyway: so a send sees the first entry without a look at another table.
ALTER TABLE balance ADD COLUMN has_blacklist boolean NOT NULL DEFAULT false;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['blacklist', 'blacklist_event']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
    END LOOP;
    GRANT SELECT, INSERT, DELETE ON blacklist TO heliograph_engine;
    GRANT SELECT, INSERT ON blacklist_event TO heliograph_engine;
    CREATE POLICY face ON blacklist FOR SELECT TO heliograph_face USING (account_id =
        nullif(current_setting('heliograph.account', true), '')::bigint);
    GRANT SELECT ON blacklist TO heliograph_face;
END $$;
