-- $2 the account that gets what no keyword claims, null for none; $3 whether accounts have keywords on it
UPDATE inbound_number SET account_id = $2, shared = $3 WHERE number = $1 RETURNING number
