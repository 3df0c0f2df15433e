-- Signing in: tries that must wait, the step after the password, invitations, and a cap of the account's own.

-- One row for an address that somebody tried to sign in with, known or not, for a code, and for a network.
CREATE TABLE sign_in_try (
    subject         bytea PRIMARY KEY,       -- SHA-256 of what was tried
    failures        integer NOT NULL,        -- in a row
    throttled_until timestamptz NOT NULL,
    last_at         timestamptz NOT NULL
);

-- A challenge that somebody is about to answer: with a code after the password, with a passkey.
CREATE TABLE sign_in_step (
    step_hash  bytea PRIMARY KEY,
    user_id    bigint REFERENCES portal_user, -- null: the passkey says who it is
    challenge  bytea NOT NULL,
    expires_at timestamptz NOT NULL
);

-- A link that makes whoever holds it a member of an account, once, as a new user or as one that there is.
CREATE TABLE invitation (
    link_hash  bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account,
    email      text NOT NULL,                 -- whom it was made for
    role       text NOT NULL CHECK (role IN ('owner', 'developer', 'sender', 'billing', 'read_only')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX invitation_account ON invitation (account_id);

ALTER TABLE portal_user
    ADD COLUMN sealed_new_totp bytea,         -- shown, and not yet proven by a code
    DROP COLUMN failures,                     -- sign_in_try has them, for unknown addresses as well
    DROP COLUMN throttled_until;
ALTER TABLE login ADD COLUMN confirmed_at timestamptz; -- when the password was last typed after signing in
ALTER TABLE account ADD COLUMN own_daily_cap bigint CHECK (own_daily_cap > 0); -- the customer's; the lower one counts
CREATE INDEX audit_entry_action ON audit_entry (account_id, action, entry_id);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['sign_in_try', 'sign_in_step', 'invitation'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
    END LOOP;
END $$;
