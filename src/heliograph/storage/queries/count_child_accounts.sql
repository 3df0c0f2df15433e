SELECT count(*) FROM account WHERE parent_id = $1
