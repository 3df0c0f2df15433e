-- $1 user
DELETE FROM passkey WHERE user_id = $1
