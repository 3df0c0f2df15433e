-- Who belongs to an account, for operators. $1 account
SELECT u.name, coalesce(u.email, '') AS email, m.role, u.disabled_at IS NOT NULL AS is_disabled
FROM membership m
JOIN portal_user u ON u.user_id = m.user_id
WHERE m.account_id = $1
ORDER BY m.created_at, u.user_id
LIMIT 100
