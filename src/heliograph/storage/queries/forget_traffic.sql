-- What was counted of messages accepted from $1 on, before $2.
DELETE FROM traffic t
USING account a
WHERE t.account_id = a.account_id AND t.began_at >= $1 AND t.began_at < $2
