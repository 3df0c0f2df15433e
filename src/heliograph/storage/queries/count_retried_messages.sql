-- How many of the messages ($3) of an account ($1) have a row of their own in a bucket ($2).
SELECT count(*) FROM report_retry WHERE account_id = $1 AND bucket = $2 AND message_id = ANY ($3::bytea[])
