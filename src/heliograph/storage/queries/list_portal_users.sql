-- Everybody who signs in, with their accounts and roles.
SELECT u.user_id, u.name, u.email, u.is_operator, u.password_hash IS NOT NULL AS has_password,
       u.sealed_totp IS NOT NULL OR EXISTS (SELECT 1 FROM passkey p WHERE p.user_id = u.user_id) AS has_second_factor,
       u.created_at, u.disabled_at,
       array(SELECT a.number || ' ' || m.role FROM membership m JOIN account a USING (account_id)
             WHERE m.user_id = u.user_id ORDER BY a.account_id) AS roles,
       (SELECT max(l.seen_at) FROM login l WHERE l.user_id = u.user_id) AS seen_at
FROM portal_user u
ORDER BY u.user_id
