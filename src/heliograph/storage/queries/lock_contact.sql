SELECT properties, metadata FROM contact WHERE account_id = $1 AND contact_id = $2 FOR UPDATE
