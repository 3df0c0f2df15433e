-- The first schema. Three families of tables, each led by the column that a larger installation would
-- spread it by: accounts (account_id), carriers (carrier_id) and reports (bucket). Statements of a hot
-- transaction name that column and never join two families. Small tables written by people stand apart.
--
-- Money is bigint in millionths of the account's currency. Ids are 12 bytes (domain/ids.py).

-- The schema "heliograph" and the two roles heliograph_face and heliograph_engine exist already: the
-- migration runner makes them.

-- ---------------------------------------------------------------------------------------------------
-- Written by people: accounts, keys, senders, carriers, routes, prices

CREATE TABLE price_list (
    price_list_id integer PRIMARY KEY,
    name          text NOT NULL UNIQUE,
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$')
);

CREATE TABLE price (
    price_list_id integer NOT NULL REFERENCES price_list ON DELETE CASCADE,
    prefix        text NOT NULL CHECK (prefix ~ '^[0-9]{0,15}$'),
    amount        bigint NOT NULL CHECK (amount >= 0),        -- for one segment
    PRIMARY KEY (price_list_id, prefix)
);

CREATE TABLE account (
    account_id      bigint PRIMARY KEY,
    number          text NOT NULL UNIQUE,                     -- ip1-NNNNN, the "owner" of the API
    name            text NOT NULL,
    currency        text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    price_list_id   integer NOT NULL REFERENCES price_list,
    weight          integer NOT NULL DEFAULT 1 CHECK (weight BETWEEN 1 AND 1000),
    report_codes    text NOT NULL DEFAULT 'all' CHECK (report_codes IN ('all', 'final')),
    report_schedule text NOT NULL DEFAULT 'standard' CHECK (report_schedule IN ('standard', 'ip1-strict')),
    in_doubt_policy text NOT NULL DEFAULT 'hold' CHECK (in_doubt_policy IN ('hold', 'resend_once')),
    http_reports    boolean NOT NULL DEFAULT false,           -- whether http:// report URLs are allowed
    created_at      timestamptz NOT NULL DEFAULT now(),
    disabled_at     timestamptz
);

CREATE TABLE api_key (
    key_id       text PRIMARY KEY,
    account_id   bigint NOT NULL REFERENCES account,
    secret_hash  bytea NOT NULL,                              -- SHA-256 of the secret, which is not kept
    name         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);
CREATE INDEX api_key_account ON api_key (account_id);

CREATE TABLE sender (
    account_id bigint NOT NULL REFERENCES account,
    sender     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, sender)
);

CREATE TABLE webhook_secret (
    account_id bigint NOT NULL REFERENCES account,
    secret_id  text NOT NULL,
    sealed     bytea NOT NULL,                                -- encrypted with the installation's secret key
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,                                   -- set while a newer secret takes over
    PRIMARY KEY (account_id, secret_id)
);

CREATE TABLE carrier (
    carrier_id      integer PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    host            text NOT NULL,
    port            integer NOT NULL CHECK (port BETWEEN 1 AND 65535),
    system_id       text NOT NULL,
    sealed_password bytea NOT NULL,
    bind_mode       text NOT NULL DEFAULT 'transceiver'
                    CHECK (bind_mode IN ('transceiver', 'transmitter', 'receiver')),
    bind_count      smallint NOT NULL DEFAULT 1 CHECK (bind_count BETWEEN 1 AND 64),
    tls             boolean NOT NULL DEFAULT false,
    profile         jsonb NOT NULL DEFAULT '{}',              -- domain/carrier_profile.py
    simulated       boolean NOT NULL DEFAULT false,
    enabled         boolean NOT NULL DEFAULT true,
    revision        integer NOT NULL DEFAULT 0,               -- raised by every change; links follow it
    created_at      timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE route (
    route_id   integer PRIMARY KEY,
    prefix     text NOT NULL CHECK (prefix ~ '^[0-9]{0,15}$'),
    account_id bigint REFERENCES account,                     -- null: every account
    sender     text,                                          -- null: every sender
    carrier_id integer NOT NULL REFERENCES carrier
);

-- ---------------------------------------------------------------------------------------------------
-- Family A, by account: money, batches, messages

CREATE TABLE balance (
    account_id bigint PRIMARY KEY,
    amount     bigint NOT NULL                                -- always the sum of the account's ledger
) WITH (fillfactor = 50);

CREATE TABLE ledger (
    account_id bigint NOT NULL,
    entry_id   bytea NOT NULL,
    kind       smallint NOT NULL CHECK (kind BETWEEN 1 AND 4), -- 1 top_up, 2 charge, 3 refund, 4 correction
    amount     bigint NOT NULL,                               -- a charge is negative
    note       text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, entry_id)
);

CREATE TABLE batch (
    account_id          bigint NOT NULL,
    batch_id            bytea NOT NULL,
    created_at          timestamptz NOT NULL,
    direction           smallint NOT NULL DEFAULT 0,          -- 0 MT, 1 MO
    sender              text NOT NULL,
    body                text NOT NULL,                        -- as sent in, before templating
    flash               boolean NOT NULL,
    coding              text NOT NULL,                        -- gsm, ucs, auto: as asked for
    priority            smallint NOT NULL,
    templated           boolean NOT NULL,
    opens               timestamptz[] NOT NULL,
    closes              timestamptz[] NOT NULL,
    delivery_report_url text,
    report_bucket       smallint,                             -- of the URL's origin; null without a URL
    reference           text,
    tags                text[] NOT NULL,
    message_count       integer NOT NULL,
    segment_count       integer NOT NULL,
    charged             bigint NOT NULL,                      -- its share of a charge in the ledger
    refunded            bigint NOT NULL DEFAULT 0,            -- its share of refunds
    canceled_at         timestamptz,
    hidden_at           timestamptz,
    PRIMARY KEY (account_id, batch_id)
) PARTITION BY RANGE (batch_id);

CREATE TABLE message (
    account_id bigint NOT NULL,
    message_id bytea NOT NULL,
    batch_id   bytea NOT NULL,
    price      bigint NOT NULL,                               -- 0 when it was never charged
    code       smallint NOT NULL,
    previous_code smallint NOT NULL DEFAULT 0,                -- the code before this one; 0 before any change
    rank       smallint NOT NULL,                             -- domain/receipt.py; 10 once closed by ourselves
    segments   smallint NOT NULL,
    encoding   smallint NOT NULL,                             -- domain/encoding.py
    refunded   boolean NOT NULL DEFAULT false,
    recipient  text NOT NULL,
    ranks      bytea,                                         -- one byte a segment, only where there are several
    history    bytea NOT NULL DEFAULT '',                     -- entries after those of accept: domain/history.py
    body       text,                                          -- only when templated
    PRIMARY KEY (account_id, message_id)
) PARTITION BY RANGE (message_id);
-- No other index: nothing that changes is indexed, so that updates stay in their page.

CREATE TABLE idempotency (
    account_id   bigint NOT NULL,
    route        text NOT NULL,
    key          text NOT NULL,
    request_hash bytea NOT NULL,
    status       smallint NOT NULL,
    answer       bytea NOT NULL,
    location     text,
    created_at   timestamptz NOT NULL,
    PRIMARY KEY (account_id, route, key)
);

-- Batches of more than 500 messages are counted here; smaller ones from their rows.
CREATE TABLE summary (
    account_id bigint NOT NULL,
    batch_id   bytea NOT NULL,
    code       smallint NOT NULL,
    messages   integer NOT NULL,
    segments   integer NOT NULL,
    PRIMARY KEY (account_id, batch_id, code)
);
CREATE TABLE summary_change (
    account_id bigint NOT NULL,
    batch_id   bytea NOT NULL,
    change_id  bytea NOT NULL,
    code       smallint NOT NULL,
    messages   integer NOT NULL,                              -- may be negative
    segments   integer NOT NULL,
    PRIMARY KEY (account_id, batch_id, change_id, code)
);

-- ---------------------------------------------------------------------------------------------------
-- Family C, by carrier: lots, segments, receipts, leases

CREATE TABLE lot (
    carrier_id    integer NOT NULL,
    lot_id        bytea NOT NULL,
    account_id    bigint NOT NULL,
    priority      smallint NOT NULL,
    state         smallint NOT NULL,                          -- 0 scheduled, 1 ready, 2 submitted whole, 3 paused
    fair_position bigint NOT NULL,
    opens_at      timestamptz NOT NULL,
    closes_at     timestamptz NOT NULL,
    later_opens   timestamptz[] NOT NULL DEFAULT '{}',        -- the windows after this one
    later_closes  timestamptz[] NOT NULL DEFAULT '{}',
    segment_count integer NOT NULL,
    first_id      bytea NOT NULL,                             -- lowest and highest message id in it
    last_id       bytea NOT NULL,
    revision      integer NOT NULL DEFAULT 0,                 -- raised when messages are taken out
    skipped       integer[] NOT NULL DEFAULT '{}',            -- positions of messages taken out (canceled)
    -- The intent: segments below next_segment may have been written to the carrier by the owner of
    -- (slot, epoch). Those of them not marked in `answered` have no outcome: they are in doubt if the
    -- owner is gone.
    slot          smallint,
    epoch         bigint,
    next_segment  integer NOT NULL DEFAULT 0,
    intent_at     timestamptz,
    answered      bytea,                                      -- one bit a segment, lowest bit first
    payload       bytea STORAGE EXTERNAL NOT NULL,            -- domain/lot.py
    PRIMARY KEY (carrier_id, lot_id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX lot_ready ON lot (carrier_id, priority, fair_position) WHERE state = 1;
CREATE INDEX lot_closing ON lot (carrier_id, closes_at) WHERE state IN (1, 3);
CREATE INDEX lot_scheduled ON lot (carrier_id, opens_at) WHERE state = 0;
CREATE INDEX lot_account ON lot (carrier_id, account_id, first_id);

-- Fair order. The row of account 0 holds the carrier's virtual time: the position last claimed.
CREATE TABLE fair_position (
    carrier_id integer NOT NULL,
    priority   smallint NOT NULL,
    account_id bigint NOT NULL,
    position   bigint NOT NULL,
    advance    bigint NOT NULL DEFAULT 0,                     -- by how much it last moved on
    PRIMARY KEY (carrier_id, priority, account_id)
) WITH (fillfactor = 50);

-- Lots whose every segment has its outcome; at due_at their messages without a final receipt are closed.
CREATE TABLE finished_lot (
    carrier_id  integer NOT NULL,
    lot_id      bytea NOT NULL,
    account_id  bigint NOT NULL,
    due_at      timestamptz NOT NULL,
    message_ids bytea STORAGE EXTERNAL NOT NULL,              -- 12 bytes each
    PRIMARY KEY (carrier_id, lot_id)
);
CREATE INDEX finished_lot_due ON finished_lot (carrier_id, due_at);

-- What a carrier called an accepted segment. Never updated; dropped by day.
CREATE TABLE segment (
    carrier_id     integer NOT NULL,
    smsc_hash      bigint NOT NULL,                           -- 64-bit hash of the normalised id
    day            date NOT NULL,
    segment        smallint NOT NULL,                         -- from 0
    segments       smallint NOT NULL,                         -- of the whole message
    recipient_tail integer NOT NULL,                          -- last 8 digits
    account_id     bigint NOT NULL,
    message_id     bytea NOT NULL,
    smsc_id        text NOT NULL                              -- normalised as the profile says
) PARTITION BY RANGE (day);
CREATE INDEX segment_smsc ON segment (carrier_id, smsc_hash);

CREATE TABLE in_doubt (
    carrier_id   integer NOT NULL,
    message_id   bytea NOT NULL,
    segment      smallint NOT NULL,
    segments     smallint NOT NULL,
    account_id   bigint NOT NULL,
    recipient    text NOT NULL,
    submitted_at timestamptz NOT NULL,                        -- the intent's time
    noted_at     timestamptz NOT NULL,
    closes_at    timestamptz NOT NULL,                        -- when it is given up: 72 h or its last window
    PRIMARY KEY (carrier_id, message_id, segment)
);
CREATE INDEX in_doubt_recipient ON in_doubt (carrier_id, recipient);
CREATE INDEX in_doubt_closing ON in_doubt (carrier_id, closes_at);

-- Every deliver_sm as it came, in blocks of what one transaction stored. Dropped by day.
CREATE TABLE receipt_block (
    carrier_id  integer NOT NULL,
    day         date NOT NULL,
    block_id    bytea NOT NULL,
    received_at timestamptz NOT NULL,
    pdu_count   integer NOT NULL,
    pdus        bytea STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (carrier_id, day, block_id)
) PARTITION BY RANGE (day);

CREATE TABLE unmatched_receipt (
    carrier_id  integer NOT NULL,
    receipt_id  bytea NOT NULL,
    smsc_hash   bigint NOT NULL,
    smsc_id     text NOT NULL,
    recipient   text NOT NULL,
    rank        smallint NOT NULL,
    code        smallint NOT NULL,
    received_at timestamptz NOT NULL,
    next_try_at timestamptz NOT NULL,
    tries       smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (carrier_id, receipt_id)
);
CREATE INDEX unmatched_receipt_smsc ON unmatched_receipt (carrier_id, smsc_hash);
CREATE INDEX unmatched_receipt_next ON unmatched_receipt (carrier_id, next_try_at);

-- Who holds a bind of a carrier. The epoch rises with every new holder and fences the old one.
CREATE TABLE bind_lease (
    carrier_id   integer NOT NULL,
    slot         smallint NOT NULL,
    epoch        bigint NOT NULL,
    holder       text NOT NULL,
    leased_until timestamptz NOT NULL,
    bound_at     timestamptz,                                 -- when its link was last known to be bound
    PRIMARY KEY (carrier_id, slot)
) WITH (fillfactor = 50);

-- ---------------------------------------------------------------------------------------------------
-- Family W, by bucket: delivery reports. A bucket is a hash of the report's origin; one reporter holds
-- a bucket at a time, so that order and pace per origin need no locks.

CREATE TABLE report_block (
    bucket      smallint NOT NULL,
    block_id    bytea NOT NULL,
    account_id  bigint NOT NULL,
    origin      text NOT NULL,
    due_at      timestamptz NOT NULL,
    event_count integer NOT NULL,
    events      bytea STORAGE EXTERNAL NOT NULL,              -- domain/report_events.py
    PRIMARY KEY (bucket, block_id)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX report_block_due ON report_block (bucket, due_at);

-- Events that failed at least once: one row a message, its events in order.
CREATE TABLE report_retry (
    bucket     smallint NOT NULL,
    message_id bytea NOT NULL,
    account_id bigint NOT NULL,
    origin     text NOT NULL,
    tries      smallint NOT NULL,                             -- of the first event
    first_try  timestamptz NOT NULL,
    due_at     timestamptz NOT NULL,
    parked     boolean NOT NULL DEFAULT false,                -- the schedule is exhausted; kept for replay
    events     bytea NOT NULL,
    PRIMARY KEY (bucket, message_id)
) WITH (fillfactor = 70);
CREATE INDEX report_retry_due ON report_retry (bucket, due_at) WHERE NOT parked;

CREATE TABLE report_origin (
    bucket      smallint NOT NULL,
    account_id  bigint NOT NULL,
    origin      text NOT NULL,
    failures    integer NOT NULL,                             -- in a row
    failing_since timestamptz,
    open_until  timestamptz,                                  -- no attempt before it
    disabled_at timestamptz,
    PRIMARY KEY (bucket, account_id, origin)
);

-- What was tried and what came back, in blocks. Dropped by day.
CREATE TABLE report_attempt (
    bucket     smallint NOT NULL,
    day        date NOT NULL,
    block_id   bytea NOT NULL,
    account_id bigint NOT NULL,
    first_id   bytea NOT NULL,                                -- lowest and highest message id in it
    last_id    bytea NOT NULL,
    attempts   bytea NOT NULL,                                -- domain/report_events.py
    PRIMARY KEY (bucket, day, block_id)
) PARTITION BY RANGE (day);

CREATE TABLE bucket_lease (
    bucket       smallint PRIMARY KEY,
    epoch        bigint NOT NULL,
    holder       text NOT NULL,
    leased_until timestamptz NOT NULL
) WITH (fillfactor = 50);

-- ---------------------------------------------------------------------------------------------------
-- Roles. Neither owns a table and neither can pass by row-level security. The face reads what belongs to
-- the one account that its transaction names, and writes nothing.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['account', 'api_key', 'sender', 'webhook_secret', 'balance', 'ledger',
        'batch', 'message', 'idempotency', 'summary', 'summary_change', 'lot', 'fair_position',
        'finished_lot', 'segment', 'in_doubt', 'receipt_block', 'unmatched_receipt', 'bind_lease',
        'report_block', 'report_retry', 'report_origin', 'report_attempt', 'bucket_lease', 'carrier',
        'route', 'price_list', 'price']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY engine ON %I TO heliograph_engine USING (true) WITH CHECK (true)', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO heliograph_engine', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['account', 'sender', 'balance', 'ledger', 'batch', 'message', 'summary',
        'summary_change', 'in_doubt']
    LOOP
        EXECUTE format('CREATE POLICY face ON %I FOR SELECT TO heliograph_face USING (account_id = '
            'nullif(current_setting(''heliograph.account'', true), '''')::bigint)', name);
        EXECUTE format('GRANT SELECT ON %I TO heliograph_face', name);
    END LOOP;
END $$;
