-- $1 user, $2 now; null lets them in again
UPDATE portal_user SET disabled_at = $2 WHERE user_id = $1
