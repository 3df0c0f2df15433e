-- $1 account, $2 number, $3 now, $4 source
WITH removed AS (
    DELETE FROM blacklist WHERE account_id = $1 AND msisdn = $2
    RETURNING account_id, msisdn, created_at
), noted AS (
    INSERT INTO blacklist_event (account_id, msisdn, happened_at, kind, source)
    SELECT account_id, msisdn, $3, 'removed', $4 FROM removed
)
SELECT msisdn, created_at FROM removed
