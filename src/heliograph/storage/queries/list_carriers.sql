SELECT carrier_id, name, host, port, system_id, bind_mode, bind_count, tls, profile, simulated, enabled, revision,
       cost_currency
FROM carrier
ORDER BY carrier_id
