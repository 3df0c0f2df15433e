-- What the messages that were counted cost, in micro-units, without what was returned. All are counted anew.
ALTER TABLE traffic ADD COLUMN price bigint NOT NULL DEFAULT 0;
DELETE FROM traffic;
UPDATE traffic_progress SET counted_to = to_timestamp(0) WHERE look = 0;
