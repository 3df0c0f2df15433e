DELETE FROM webhook_secret WHERE account_id = $1 AND expires_at <= $2
