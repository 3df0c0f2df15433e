-- $1 account, $2 the highest count
SELECT count(*) FROM (SELECT FROM blacklist WHERE account_id = $1 LIMIT $2::bigint) AS counted
