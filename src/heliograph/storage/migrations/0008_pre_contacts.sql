-- Whom an account writes to: contacts, and labels to send to many of them by one name.

CREATE TABLE contact (
    account_id  bigint NOT NULL,
    contact_id  bytea NOT NULL,
    msisdn      text,                                         -- the digits of its phone number, if it has one
    properties  jsonb NOT NULL,                               -- name to text
    metadata    jsonb NOT NULL,                               -- property to name to text
    created_at  timestamptz NOT NULL,
    modified_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, contact_id)
);
CREATE INDEX contact_msisdn ON contact (account_id, msisdn);

CREATE TABLE contact_label (
    account_id bigint NOT NULL,
    label      text NOT NULL,
    contact_id bytea NOT NULL,
    PRIMARY KEY (account_id, label, contact_id)
);
CREATE INDEX contact_label_contact ON contact_label (account_id, contact_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['contact', 'contact_label']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
        EXECUTE format('CREATE POLICY face ON %I FOR SELECT TO heliograph_face USING (account_id = '
            'nullif(current_setting(''heliograph.account'', true), '''')::bigint)', name);
        EXECUTE format('GRANT SELECT ON %I TO heliograph_face', name);
    END LOOP;
END $$;
