-- $1 user
SELECT u.sealed_totp, u.sealed_new_totp, u.totp_step,
       (SELECT count(*) FROM passkey p WHERE p.user_id = u.user_id)::int AS passkeys,
       (SELECT count(*) FROM recovery_code r WHERE r.user_id = u.user_id AND r.used_at IS NULL)::int AS recovery_codes
FROM portal_user u
WHERE u.user_id = $1
