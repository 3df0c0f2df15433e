-- The tries of a subject, held until the transaction ends. A row that is there is written as it is: that locks it.
-- $1 subject, $2 now
INSERT INTO sign_in_try (subject, failures, throttled_until, last_at) VALUES ($1, 0, $2, $2)
ON CONFLICT (subject) DO UPDATE SET failures = sign_in_try.failures
RETURNING failures, throttled_until, last_at
