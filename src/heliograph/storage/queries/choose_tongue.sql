-- Language and time zone; null: as the browser says.
-- $1 user, $2 language or null, $3 time zone or null
UPDATE portal_user SET language = $2, time_zone = $3 WHERE user_id = $1
