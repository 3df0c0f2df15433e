SELECT name, applied_at FROM heliograph.migration ORDER BY number DESC
