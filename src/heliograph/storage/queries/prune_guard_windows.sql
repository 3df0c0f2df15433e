-- $1 before when windows are forgotten in which no limit was passed, $2 before when all of them are
DELETE FROM guard_window WHERE starts_at < $1 AND (exceeded_at IS NULL OR starts_at < $2)
