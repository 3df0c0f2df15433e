-- People who sign in to the portal, what they may do, and what they did.

CREATE TABLE portal_user (
    user_id         bigint PRIMARY KEY,
    email           text UNIQUE CHECK (email = lower(email)), -- null until the first user has said theirs
    name            text NOT NULL,
    password_hash   text,                                     -- argon2id; null until one is chosen
    sealed_totp     bytea,                                    -- encrypted with the installation's secret key
    totp_step       bigint NOT NULL DEFAULT 0,                -- the last step used: each code counts once
    is_operator     boolean NOT NULL DEFAULT false,
    language        text CHECK (language ~ '^[a-z]{2}$'),     -- null: what the browser asks for
    time_zone       text,                                     -- null: what the browser says
    failures        integer NOT NULL DEFAULT 0,               -- sign-ins refused in a row
    throttled_until timestamptz,
    created_at      timestamptz NOT NULL,
    disabled_at     timestamptz
);

CREATE TABLE membership (
    account_id bigint NOT NULL REFERENCES account,
    user_id    bigint NOT NULL REFERENCES portal_user,
    role       text NOT NULL CHECK (role IN ('owner', 'developer', 'sender', 'billing', 'read_only')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, user_id)
);
CREATE INDEX membership_user ON membership (user_id);

-- A browser that is signed in. Only the hash of what its cookie holds is kept.
CREATE TABLE login (
    login_hash    bytea PRIMARY KEY,
    user_id       bigint NOT NULL REFERENCES portal_user,
    account_id    bigint REFERENCES account,                  -- the account it looks at
    csrf_token    text NOT NULL,
    second_factor boolean NOT NULL,                           -- whether one was shown
    created_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    browser       text NOT NULL
);
CREATE INDEX login_user ON login (user_id);

-- A link that lets somebody in once: the first start's, an invitation, a forgotten password.
CREATE TABLE sign_in_link (
    link_hash  bytea PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES portal_user,
    kind       text NOT NULL CHECK (kind IN ('welcome', 'invitation', 'reset')),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);

CREATE TABLE recovery_code (
    user_id   bigint NOT NULL REFERENCES portal_user,
    code_hash bytea NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (user_id, code_hash)
);

CREATE TABLE passkey (
    credential_id bytea PRIMARY KEY,
    user_id       bigint NOT NULL REFERENCES portal_user,
    public_key    bytea NOT NULL,
    sign_count    bigint NOT NULL,
    name          text NOT NULL,
    created_at    timestamptz NOT NULL,
    last_used_at  timestamptz
);
CREATE INDEX passkey_user ON passkey (user_id);

-- What people changed. Account 0: what operators did to the installation.
CREATE TABLE audit_entry (
    account_id bigint NOT NULL,
    entry_id   bytea NOT NULL,
    happened_at timestamptz NOT NULL,
    user_id    bigint,                                        -- null: the command line
    actor      text NOT NULL,                                 -- as they were called then
    action     text NOT NULL,                                 -- key.created
    subject    text NOT NULL,                                 -- what it was done to, without personal data
    detail     jsonb NOT NULL,
    PRIMARY KEY (account_id, entry_id)
);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['portal_user', 'membership', 'login', 'sign_in_link', 'recovery_code', 'passkey',
        'audit_entry']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
    END LOOP;
END $$;
CREATE POLICY face ON audit_entry FOR SELECT TO heliograph_face USING (account_id =
    nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON audit_entry TO heliograph_face;
