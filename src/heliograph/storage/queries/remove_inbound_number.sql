DELETE FROM inbound_number WHERE number = $1 RETURNING number
