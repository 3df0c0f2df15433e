-- The oldest block of each of the accounts ($1) that waits for its first try. $2 every bucket
-- As subqueries with a limit, so that each is a look at the index by account and bucket.
SELECT u.account_id,
       (SELECT min(encode(found.block_id, 'hex'))
        FROM (SELECT (SELECT r.block_id
                      FROM report_block r
                      WHERE r.account_id = u.account_id AND r.bucket = b.bucket
                      ORDER BY r.block_id
                      LIMIT 1) AS block_id
              FROM unnest($2::smallint[]) AS b(bucket)) AS found) AS oldest
FROM unnest($1::bigint[]) AS u(account_id)
