-- A carrier's number is never used twice: rows of other tables may still speak of a removed one.
-- $1 name, $2 host, $3 port, $4 system id, $5 sealed password, $6 bind mode, $7 bind count, $8 TLS,
-- $9 profile, $10 simulated, $11 now
WITH created AS (
    INSERT INTO carrier (carrier_id, name, host, port, system_id, sealed_password, bind_mode, bind_count, tls,
                         profile, simulated, created_at)
    SELECT 1 + greatest((SELECT coalesce(max(carrier_id), 0) FROM carrier),
                        (SELECT coalesce(max(carrier_id), 0) FROM fair_position)),
           $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
    RETURNING carrier_id
), virtual_time AS (
    INSERT INTO fair_position (carrier_id, priority, account_id, position)
    SELECT c.carrier_id, p.priority, 0, 0 FROM created c, (VALUES (1::smallint), (2::smallint)) AS p(priority)
)
SELECT carrier_id FROM created
