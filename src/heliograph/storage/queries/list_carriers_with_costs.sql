SELECT carrier_id, name, cost_currency FROM carrier WHERE cost_currency IS NOT NULL ORDER BY carrier_id
