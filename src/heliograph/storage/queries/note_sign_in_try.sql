-- $1 subject, $2 failures, $3 throttled until, $4 now
UPDATE sign_in_try SET failures = $2, throttled_until = $3, last_at = $4 WHERE subject = $1
