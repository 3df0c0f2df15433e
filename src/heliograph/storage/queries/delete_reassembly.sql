DELETE FROM reassembly r
USING unnest($2::text[], $3::text[]) AS u(sender, recipient)
WHERE r.carrier_id = $1 AND r.sender = u.sender AND r.recipient = u.recipient
