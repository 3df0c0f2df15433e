-- Segments in doubt to some recipients, submitted before a receipt came.
SELECT d.message_id, d.segment, d.segments, d.account_id, d.recipient, d.submitted_at, d.closes_at
FROM in_doubt d
JOIN unnest($2::text[]) AS u(recipient) ON d.recipient = u.recipient
WHERE d.carrier_id = $1
