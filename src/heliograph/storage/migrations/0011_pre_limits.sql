-- How fast keys and accounts may send, and how much an account may spend in a day. Null: without a limit.

ALTER TABLE api_key
    ADD COLUMN rate_limit double precision CHECK (rate_limit > 0), -- recipients a second
    ADD COLUMN rate_burst integer CHECK (rate_burst >= 1),
    ADD CONSTRAINT api_key_rate CHECK ((rate_limit IS NULL) = (rate_burst IS NULL));
GRANT SELECT (rate_limit, rate_burst) ON api_key TO heliograph_face;

ALTER TABLE account
    ADD COLUMN rate_limit double precision CHECK (rate_limit > 0),
    ADD COLUMN rate_burst integer CHECK (rate_burst >= 1),
    ADD COLUMN daily_cap  bigint CHECK (daily_cap >= 0),           -- micro-units a day of UTC
    ADD CONSTRAINT account_rate CHECK ((rate_limit IS NULL) = (rate_burst IS NULL));

-- What accounts with a cap were charged, by day of UTC. Refunds give nothing back.
CREATE TABLE daily_spend (
    account_id bigint NOT NULL,
    day        date NOT NULL,
    spent      bigint NOT NULL,
    PRIMARY KEY (account_id, day)
) WITH (fillfactor = 50);

ALTER TABLE daily_spend ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON daily_spend TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON daily_spend TO heliograph_engine;
CREATE POLICY face ON daily_spend FOR SELECT TO heliograph_face
    USING (account_id = nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON daily_spend TO heliograph_face;
