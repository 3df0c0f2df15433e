-- $1 seen before, $2 begun before
DELETE FROM login WHERE seen_at < $1 OR created_at < $2
