SELECT report_bucket FROM batch WHERE account_id = $1 AND batch_id = $2
