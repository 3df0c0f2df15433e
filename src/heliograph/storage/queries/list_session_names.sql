-- What the sessions of this database are called; everybody may read that much of them.
SELECT DISTINCT application_name
FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'heliograph % % % % %'
LIMIT 1000
