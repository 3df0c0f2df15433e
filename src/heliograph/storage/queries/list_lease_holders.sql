-- Processes that hold leases: dispatchers hold binds, reporters hold buckets or show their presence.
SELECT 'dispatcher' AS role, holder, count(*) AS leases
FROM bind_lease
WHERE leased_until > now() AND holder <> ''
GROUP BY holder
UNION ALL
SELECT 'reporter', holder, count(*) FILTER (WHERE bucket >= 0)
FROM bucket_lease
WHERE leased_until > now() AND holder <> ''
GROUP BY holder
ORDER BY 1, 2
LIMIT 200
