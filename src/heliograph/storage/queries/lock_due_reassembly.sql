SELECT sender, recipient, kept
FROM reassembly
WHERE carrier_id = $1 AND next_look_at <= $2
ORDER BY sender, recipient
LIMIT $3
FOR UPDATE SKIP LOCKED
