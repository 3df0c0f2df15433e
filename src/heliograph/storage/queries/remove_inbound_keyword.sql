-- $3 the account whose it must be; null: anybody's
DELETE FROM inbound_keyword
WHERE number = $1 AND keyword = $2 AND ($3::bigint IS NULL OR account_id = $3)
RETURNING keyword
