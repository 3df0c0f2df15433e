-- Accounts with batches to look at. $1 accounts, $2 up to which id their batches are looked at, $3 now
-- As subqueries with a limit, so that each is a look at an index, not a join with every batch.
SELECT u.account_id
FROM unnest($1::bigint[], $2::bytea[]) AS u(account_id, look_to)
WHERE (SELECT b.batch_id
       FROM batch b
       WHERE b.account_id = u.account_id AND b.batch_id < u.look_to
         AND b.batch_id > coalesce((SELECT p.looked_to FROM erasure_progress p
                                    WHERE p.account_id = u.account_id), '')
       ORDER BY b.batch_id
       LIMIT 1) IS NOT NULL
   OR (SELECT l.batch_id
       FROM erasure_later l
       WHERE l.account_id = u.account_id AND l.look_at <= $3
       LIMIT 1) IS NOT NULL
