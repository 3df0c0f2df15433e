-- Let the secrets of an account end at $2, those that end sooner excepted.
UPDATE webhook_secret SET expires_at = $2 WHERE account_id = $1 AND (expires_at IS NULL OR expires_at > $2)
