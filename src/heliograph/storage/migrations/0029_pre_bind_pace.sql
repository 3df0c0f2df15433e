-- How fast a bind goes: answers to submit_sm a second since its lease was last renewed, some seconds ago.
ALTER TABLE bind_lease ADD COLUMN answered_per_second real NOT NULL DEFAULT 0;
