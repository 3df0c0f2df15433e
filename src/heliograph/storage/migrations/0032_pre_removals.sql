-- What somebody removed in the portal, for as long as they can have it back. It holds personal data, hence is
-- dropped within the hour.

CREATE TABLE removal (
    account_id bigint NOT NULL,                           -- 0: the installation, removed by an operator
    removal_id bytea NOT NULL,
    user_id    bigint NOT NULL,                           -- nobody else undoes it
    created_at timestamptz NOT NULL,
    contents   bytea NOT NULL,                            -- what was removed, as JSON
    PRIMARY KEY (account_id, removal_id)
);

ALTER TABLE removal ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON removal TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON removal TO heliograph_engine;
CREATE POLICY face ON removal FOR SELECT TO heliograph_face USING (account_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON removal TO heliograph_face;
