-- Look at another account; nothing if the user does not belong to it and is no operator.
-- $1 hash, $2 number of the account
UPDATE login l
SET account_id = a.account_id
FROM portal_user u, account a
WHERE l.login_hash = $1 AND u.user_id = l.user_id AND a.number = $2
  AND (u.is_operator OR EXISTS (
      SELECT 1 FROM membership m WHERE m.account_id = a.account_id AND m.user_id = u.user_id))
RETURNING a.account_id
