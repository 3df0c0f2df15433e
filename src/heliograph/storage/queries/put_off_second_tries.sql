-- The wait for a receipt begins anew. $1 carrier, $2 until when, $3 those due before it
UPDATE in_doubt SET resend_at = $2 WHERE carrier_id = $1 AND resend_at < $3
