-- $1 account
SELECT u.user_id, u.name, u.email, u.is_operator, u.disabled_at IS NOT NULL AS is_disabled, m.role, m.created_at,
       u.password_hash IS NOT NULL AS has_password,
       u.sealed_totp IS NOT NULL OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.user_id) AS has_second_factor,
       (SELECT max(l.seen_at) FROM login l WHERE l.user_id = u.user_id) AS seen_at
FROM membership m
JOIN portal_user u USING (user_id)
WHERE m.account_id = $1
ORDER BY m.created_at, u.user_id
