-- What waits for its next try is due now.
UPDATE report_retry SET due_at = $4
WHERE bucket = $1 AND account_id = $2 AND origin = $3 AND NOT parked AND due_at > $4
RETURNING message_id
