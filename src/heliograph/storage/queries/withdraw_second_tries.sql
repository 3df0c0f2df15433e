-- What is in doubt of a batch that its owner cancels is not sent once more. $1 carrier, $2 account, $3 and $4
-- first and last message id
UPDATE in_doubt
SET resend_at = NULL
WHERE carrier_id = $1 AND account_id = $2 AND message_id BETWEEN $3 AND $4 AND resend_at IS NOT NULL
