-- Numbers are blocked in the portal too.

ALTER TABLE blacklist_event DROP CONSTRAINT blacklist_event_source_check;
ALTER TABLE blacklist_event ADD CONSTRAINT blacklist_event_source_check
    CHECK (source IN ('api', 'stop', 'start', 'operator', 'portal'));
