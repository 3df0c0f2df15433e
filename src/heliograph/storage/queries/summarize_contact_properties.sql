SELECT p.key, count(*), round(avg(length(p.value)))::integer, max(length(p.value)), min(length(p.value))
FROM contact c
CROSS JOIN LATERAL jsonb_each_text(c.properties) AS p(key, value)
WHERE c.account_id = $1
GROUP BY p.key
ORDER BY p.key
