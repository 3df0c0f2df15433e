-- What an incoming message asked for with a word such as STOP: stop or start; null for every other batch, which
-- costs nothing.
ALTER TABLE batch ADD COLUMN opt_out text;
