-- Why the last try of a bind failed, as domain/bind_fault.py writes it; null once a bind stands.
ALTER TABLE bind_lease ADD COLUMN bind_fault text;
