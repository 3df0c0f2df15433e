-- Segments in doubt for whose receipt was waited long enough, with the policy of their accounts.
-- $1 carrier, $2 now, $3 how many
SELECT d.message_id, d.segment, d.account_id, d.closes_at, a.in_doubt_policy = 'resend_once' AS is_wanted
FROM in_doubt d
JOIN account a ON a.account_id = d.account_id
WHERE d.carrier_id = $1 AND d.resend_at <= $2
ORDER BY d.resend_at
LIMIT $3
FOR UPDATE OF d SKIP LOCKED
