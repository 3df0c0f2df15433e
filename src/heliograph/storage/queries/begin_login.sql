-- A browser signed in, looking at the first of its user's accounts; an operator without one, at the first of all.
-- $1 hash, $2 user, $3 CSRF token, $4 whether a second factor was shown, $5 browser, $6 now
INSERT INTO login (login_hash, user_id, account_id, csrf_token, second_factor, created_at, seen_at, browser)
SELECT $1, u.user_id,
       coalesce(
           (SELECT min(m.account_id) FROM membership m WHERE m.user_id = u.user_id),
           CASE WHEN u.is_operator THEN (SELECT min(a.account_id) FROM account a) END
       ),
       $3, $4, $6, $6, $5
FROM portal_user u
WHERE u.user_id = $2
RETURNING (SELECT o.is_operator FROM portal_user o WHERE o.user_id = $2)
