-- Keys for trying things out: their batches go to the simulated carrier and cost nothing.

ALTER TABLE api_key ADD COLUMN is_test boolean NOT NULL DEFAULT false;
GRANT SELECT (is_test) ON api_key TO heliograph_face;

ALTER TABLE batch ADD COLUMN test boolean NOT NULL DEFAULT false;
