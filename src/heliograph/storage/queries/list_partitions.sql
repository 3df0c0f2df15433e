SELECT child.relname::text AS name
FROM pg_inherits i
JOIN pg_class child ON child.oid = i.inhrelid
JOIN pg_class parent ON parent.oid = i.inhparent
WHERE parent.relname::text = ANY ($1::text[]) AND parent.relnamespace = 'heliograph'::regnamespace
ORDER BY 1
