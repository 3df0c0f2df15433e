-- What was given up of a message stays beside what of it is tried again: in rows that are not parked. (In a
-- parked row nothing waits, and what was given up is its events.)
ALTER TABLE report_retry ADD COLUMN given_up bytea;
CREATE INDEX report_retry_given_up ON report_retry (account_id, message_id) WHERE parked OR given_up IS NOT NULL;

-- An account sees what waits behind its disabled origins.
CREATE INDEX report_block_account ON report_block (account_id, bucket, block_id);
CREATE POLICY face ON report_block FOR SELECT TO heliograph_face
    USING (account_id = nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON report_block TO heliograph_face;
