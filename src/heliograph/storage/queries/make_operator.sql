-- $1 user, $2 whether
UPDATE portal_user SET is_operator = $2 WHERE user_id = $1
