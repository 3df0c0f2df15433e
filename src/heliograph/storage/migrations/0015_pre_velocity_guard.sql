-- The velocity guard: how many recipients behind a prefix an account may send to in a window of time, and
-- what was counted. An account without rules is neither looked up nor counted.

CREATE TABLE guard_rule (
    account_id bigint NOT NULL,                               -- 0: for every account without one of its own
    prefix     text NOT NULL CHECK (prefix ~ '^([1-9][0-9]{0,14}|\*)$'), -- *: every country, each by itself
    mode       smallint NOT NULL CHECK (mode BETWEEN 0 AND 2),-- 0 off, 1 watch, 2 block
    most       bigint NOT NULL CHECK (most >= 0),
    seconds    integer NOT NULL CHECK (seconds IN (0, 60, 3600, 86400)),
    PRIMARY KEY (account_id, prefix),
    CONSTRAINT guard_rule_window CHECK ((mode = 0) = (seconds = 0))
);

-- One row for each account, prefix and window in which something was sent. Where the limit was passed the row
-- is the event that tells of it, and is kept for longer.
CREATE TABLE guard_window (
    account_id  bigint NOT NULL,
    prefix      text NOT NULL,
    seconds     integer NOT NULL,
    starts_at   timestamptz NOT NULL,
    recipients  bigint NOT NULL,                              -- asked for, the blocked ones included
    most        bigint NOT NULL,                              -- the limit, as it was the last time
    blocks      boolean NOT NULL,                             -- whether the limit is enforced, as it was then
    beyond      bigint NOT NULL,                              -- of the recipients, those beyond the limit
    blocked     bigint NOT NULL,                              -- of those, the ones that were refused
    counted_at  timestamptz NOT NULL,                         -- the last time
    exceeded_at timestamptz,                                  -- when the limit was first passed
    PRIMARY KEY (account_id, prefix, seconds, starts_at)
) WITH (fillfactor = 50);
CREATE INDEX guard_window_exceeded ON guard_window (exceeded_at) WHERE exceeded_at IS NOT NULL;
CREATE INDEX guard_window_start ON guard_window (starts_at);

ALTER TABLE guard_rule ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON guard_rule TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON guard_rule TO heliograph_engine;

ALTER TABLE guard_window ENABLE ROW LEVEL SECURITY;
CREATE POLICY engine ON guard_window TO heliograph_engine USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON guard_window TO heliograph_engine;
CREATE POLICY face ON guard_window FOR SELECT TO heliograph_face
    USING (account_id = nullif(current_setting('heliograph.account', true), '')::bigint);
GRANT SELECT ON guard_window TO heliograph_face;
