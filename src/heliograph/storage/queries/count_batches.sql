-- $2 tags of which a batch must have one, or null for every batch.
SELECT count(*)
FROM batch
WHERE account_id = $1 AND hidden_at IS NULL AND ($2::text[] IS NULL OR tags && $2)
