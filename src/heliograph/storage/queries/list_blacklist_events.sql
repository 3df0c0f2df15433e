SELECT kind, source, happened_at
FROM blacklist_event
WHERE account_id = $1 AND msisdn = $2
ORDER BY happened_at, event_id
