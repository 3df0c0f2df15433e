SELECT carrier_id
FROM carrier
ORDER BY carrier_id
