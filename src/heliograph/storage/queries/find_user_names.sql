SELECT user_id, name FROM portal_user WHERE user_id = ANY ($1::bigint[])
