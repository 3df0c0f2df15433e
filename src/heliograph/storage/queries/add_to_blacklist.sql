-- An entry, its event, the flag that tells every send of the account to look at its blacklist, and the time that
-- tells claims to look for what was accepted before. Nothing where the number stands there already. $1 account,
-- $2 number, $3 now, $4 source
WITH added AS (
    INSERT INTO blacklist (account_id, msisdn, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (account_id, msisdn) DO NOTHING
    RETURNING account_id
), flagged AS (
    UPDATE balance SET has_blacklist = true WHERE account_id = $1 AND NOT has_blacklist
), timed AS (
    UPDATE account
    SET blacklisted_at = now()
    WHERE account_id = $1 AND (blacklisted_at IS NULL OR blacklisted_at < now() - interval '10 s')
), noted AS (
    INSERT INTO blacklist_event (account_id, msisdn, happened_at, kind, source)
    SELECT account_id, $2, $3, 'added', $4 FROM added
)
SELECT account_id FROM added
