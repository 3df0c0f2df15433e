-- Segments in doubt to some recipients, submitted before a receipt came.
SELECT d.message_id, d.segment, d.segments, d.account_id, d.recipient, d.submitted_at, d.closes_at,
       d.resent_at IS NOT NULL AS second_try, d.accepted_at IS NOT NULL AS second_accepted
FROM in_doubt d
JOIN unnest($2::text[]) AS u(recipient) ON d.recipient = u.recipient
WHERE d.carrier_id = $1
