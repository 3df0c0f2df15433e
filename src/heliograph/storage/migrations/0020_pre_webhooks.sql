-- What an account sees of its webhooks: secrets (never the secret itself), origins that fail, what waits for
-- them, and the last attempts.

CREATE INDEX report_retry_origin ON report_retry (account_id, origin, parked);
CREATE INDEX report_attempt_account ON report_attempt (account_id, bucket, block_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['webhook_secret', 'report_retry', 'report_origin', 'report_attempt']
    LOOP
        EXECUTE format('CREATE POLICY face ON %I FOR SELECT TO heliograph_face USING (account_id = '
            'nullif(current_setting(''heliograph.account'', true), '''')::bigint)', name);
    END LOOP;
END $$;
GRANT SELECT (account_id, secret_id, created_at, expires_at) ON webhook_secret TO heliograph_face;
GRANT SELECT ON report_retry, report_origin, report_attempt TO heliograph_face;
