-- Mails that are to be sent, written in the transaction of what they tell of. What they say is sealed: links are secrets.

CREATE TABLE mail_outbox (
    mail_id     bytea PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('asked_reset', 'reset', 'invitation', 'notice')),
    sealed      bytea,                       -- null: given up
    created_at  timestamptz NOT NULL,
    due_at      timestamptz NOT NULL,        -- of the next try; while somebody tries, when another may
    ends_at     timestamptz NOT NULL,        -- then it is given up
    tries       integer NOT NULL DEFAULT 0,
    fault       text,                        -- why the last try failed, without anybody's address
    given_up_at timestamptz
);
CREATE INDEX mail_outbox_due ON mail_outbox (due_at) WHERE given_up_at IS NULL;

ALTER TABLE mail_outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON mail_outbox TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON mail_outbox TO heliograph_engine;
