-- $1 subjects
DELETE FROM sign_in_try WHERE subject = ANY ($1::bytea[])
