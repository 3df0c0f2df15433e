-- What of messages is still in doubt, to be closed with the lot that it came from. $1 carrier, $2 messages
DELETE FROM in_doubt
WHERE carrier_id = $1 AND message_id = ANY ($2) AND accepted_at IS NULL
RETURNING account_id, message_id, segment, segments
