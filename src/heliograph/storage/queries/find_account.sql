SELECT a.account_id, a.number, a.name, a.currency, a.price_list_id, a.weight, a.report_codes, a.http_reports,
       a.disabled_at IS NOT NULL AS is_disabled, a.optional_sender,
       ARRAY(SELECT s.sender FROM sender s WHERE s.account_id = a.account_id) AS senders,
       coalesce((SELECT b.has_blacklist FROM balance b WHERE b.account_id = a.account_id), false) AS has_blacklist,
       p.number AS parent, coalesce(p.name, a.name) AS organization,
       least(a.daily_cap, a.own_daily_cap) AS daily_cap, a.rate_limit, a.rate_burst,
       (SELECT json_agg(json_build_object('for_all', g.account_id = 0, 'prefix', g.prefix, 'mode', g.mode,
                                          'most', g.most, 'seconds', g.seconds))::text
        FROM guard_rule g
        WHERE g.account_id IN (0, a.account_id)) AS guard_rules
FROM account a
LEFT JOIN account p ON p.account_id = a.parent_id
WHERE a.account_id = $1
