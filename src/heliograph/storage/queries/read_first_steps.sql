SELECT EXISTS (SELECT FROM batch WHERE account_id = $1 AND direction = 0::smallint) AS has_sent,
       EXISTS (SELECT FROM api_key WHERE account_id = $1 AND last_used_at IS NOT NULL) AS has_used_key,
       EXISTS (SELECT FROM sender s JOIN account a ON a.account_id = $1
               WHERE s.account_id = $1 AND s.created_at > a.created_at) AS has_own_sender
