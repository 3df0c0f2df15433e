-- What a key may be used for, and from where. Null scopes: all of them; no networks: any address.

ALTER TABLE api_key
    ADD COLUMN scopes   text[],
    ADD COLUMN networks cidr[] NOT NULL DEFAULT '{}';

-- Faces list an account's keys; the hashes of the secrets stay out of their reach.
CREATE POLICY face ON api_key FOR SELECT TO heliograph_face
    USING (account_id = nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT (key_id, account_id, name, created_at, expires_at, revoked_at, last_used_at, scopes, networks)
    ON api_key TO heliograph_face;
