-- Batches that are being written in the portal. They hold personal data, hence are dropped after a day.

CREATE TABLE portal_draft (
    account_id bigint NOT NULL,
    draft_id   bytea NOT NULL,
    user_id    bigint NOT NULL,                           -- nobody else sees it
    created_at timestamptz NOT NULL,
    contents   bytea NOT NULL,                            -- the fields, as JSON
    file       bytea,                                     -- the recipients of a file, as MessagePack
    batch_id   bytea,                                     -- what became of it
    PRIMARY KEY (account_id, draft_id)
);

ALTER TABLE portal_draft ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON portal_draft TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON portal_draft TO heliograph_engine;
CREATE POLICY face ON portal_draft FOR SELECT TO heliograph_face USING (account_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON portal_draft TO heliograph_face;
