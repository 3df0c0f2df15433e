-- What the holder of a bind said last: bound_at alone shows a lost link as bound until it is old.
ALTER TABLE bind_lease ADD COLUMN is_bound boolean NOT NULL DEFAULT true;
