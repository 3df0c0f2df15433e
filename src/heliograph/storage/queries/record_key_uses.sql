UPDATE api_key k
SET last_used_at = $2
FROM unnest($1::text[]) AS u(key_id)
WHERE k.key_id = u.key_id AND (k.last_used_at IS NULL OR k.last_used_at < $2)
