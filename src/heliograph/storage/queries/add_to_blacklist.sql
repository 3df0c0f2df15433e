-- An entry, its event, and the flag that tells every send of the account to look at its blacklist. Nothing
-- where the number stands there already. $1 account, $2 number, $3 now, $4 source
WITH added AS (
    INSERT INTO blacklist (account_id, msisdn, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, msisdn) DO NOTHING
    RETURNING account_id
), flagged AS (
    UPDATE balance SET has_blacklist = true WHERE account_id = $1 AND NOT has_blacklist
), noted AS (
    INSERT INTO blacklist_event (account_id, msisdn, happened_at, kind, source)
    SELECT account_id, $2, $3, 'added', $4 FROM added
)
SELECT account_id FROM added
