-- Who is at the keyboard, with the account that is looked at and all that may be chosen.
-- $1 hash, $2 seen after, $3 begun after
SELECT l.csrf_token, l.second_factor, l.created_at, coalesce(l.confirmed_at, l.created_at) AS confirmed_at, l.seen_at,
       u.user_id, u.email, u.name, u.is_operator, u.language, u.time_zone, u.password_hash IS NOT NULL AS has_password, u.sealed_totp IS NOT NULL AS has_totp,
       EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.user_id) AS has_passkey,
       a.account_id, a.number, a.name AS account_name, a.currency, b.amount AS balance, m.role,
       a.disabled_at IS NOT NULL AS is_disabled,
       array(SELECT c.number FROM membership n JOIN account c USING (account_id)
             WHERE n.user_id = u.user_id ORDER BY c.account_id) AS numbers,
       array(SELECT c.name FROM membership n JOIN account c USING (account_id)
             WHERE n.user_id = u.user_id ORDER BY c.account_id) AS names
FROM login l
JOIN portal_user u USING (user_id)
LEFT JOIN account a ON a.account_id = l.account_id
LEFT JOIN balance b ON b.account_id = a.account_id
LEFT JOIN membership m ON m.account_id = a.account_id AND m.user_id = u.user_id
WHERE l.login_hash = $1 AND l.seen_at > $2 AND l.created_at > $3 AND u.disabled_at IS NULL
