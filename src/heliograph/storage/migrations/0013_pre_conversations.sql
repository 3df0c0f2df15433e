-- Which messages a number got, so that a conversation is found among millions of messages: filled by the keeper,
-- minutes later and in sorted bulk, since an index that every accepted message writes at a place of its own costs
-- four times what the message costs. Readers look through what is not filled in yet.

CREATE TABLE conversation (
    account_id  bigint NOT NULL,
    participant text NOT NULL,                                -- the recipient
    message_id  bytea NOT NULL,
    PRIMARY KEY (account_id, participant, message_id)
) PARTITION BY RANGE (message_id);

-- One row: how far the conversations are filled in.
CREATE TABLE conversation_progress (
    place       smallint PRIMARY KEY CHECK (place = 1),
    filled_to   bytea NOT NULL,                               -- messages up to this id are filled in
    ready_to    bytea NOT NULL,                               -- no message up to this id comes any more, once
    ready_after bigint NOT NULL                               -- every transaction before this one has ended
);
INSERT INTO conversation_progress VALUES (1, '', '', 0);

ALTER TABLE conversation ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON conversation TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON conversation TO heliograph_engine;
CREATE POLICY face ON conversation FOR SELECT TO heliograph_face USING (account_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON conversation TO heliograph_face;

-- It tells nothing of anybody: every face may read it.
ALTER TABLE conversation_progress ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON conversation_progress TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON conversation_progress TO heliograph_engine;
CREATE POLICY face ON conversation_progress FOR SELECT TO heliograph_face USING (true);
GRANT SELECT ON conversation_progress TO heliograph_face;

-- The same weeks as the messages that are there.
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN
        SELECT replace(c.relname, 'message_w', 'conversation_w') AS name,
               pg_get_expr(c.relpartbound, c.oid) AS bounds
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'message'::regclass
    LOOP
        EXECUTE format('CREATE TABLE %I PARTITION OF conversation %s', part.name, part.bounds);
    END LOOP;
END $$;
