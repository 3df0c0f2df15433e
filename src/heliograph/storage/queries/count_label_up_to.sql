-- $1 account, $2 label, $3 the highest count
SELECT count(*) FROM (SELECT FROM contact_label WHERE account_id = $1 AND label = $2 LIMIT $3::bigint) AS counted
