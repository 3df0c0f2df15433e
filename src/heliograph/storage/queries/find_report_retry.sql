SELECT due_at, parked FROM report_retry WHERE bucket = $1 AND message_id = $2 AND account_id = $3
