DELETE FROM paused_batch WHERE carrier_id = $1 AND account_id = $2 AND batch_id = $3
