-- Lists of batches by sender, reference, direction and tags, each in the order of the batches' ids.
-- An index on an array would not do for tags: row-level security lets the face use an index only by operators
-- that leak nothing, and those of arrays are not among them.

CREATE INDEX batch_sender ON batch (account_id, sender, batch_id);
CREATE INDEX batch_reference ON batch (account_id, reference, batch_id) WHERE reference IS NOT NULL;
CREATE INDEX batch_incoming ON batch (account_id, batch_id) WHERE direction = 1::smallint;

CREATE TABLE batch_tag (
    account_id bigint NOT NULL,
    tag        text NOT NULL,
    batch_id   bytea NOT NULL,
    PRIMARY KEY (account_id, tag, batch_id)
) PARTITION BY RANGE (batch_id);

ALTER TABLE batch_tag ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON batch_tag TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON batch_tag TO heliograph_engine;
CREATE POLICY face ON batch_tag FOR SELECT TO heliograph_face USING (account_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON batch_tag TO heliograph_face;

-- The same weeks as the batches that are there.
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT replace(c.relname, 'batch_w', 'batch_tag_w') AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'batch'::regclass
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF batch_tag %s', part.name, part.bounds);
    END LOOP;
END $$;

INSERT INTO batch_tag (account_id, tag, batch_id)
SELECT DISTINCT account_id, unnest(tags), batch_id FROM batch WHERE tags <> '{}';
