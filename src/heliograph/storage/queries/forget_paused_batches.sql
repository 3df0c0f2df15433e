DELETE FROM paused_batch WHERE carrier_id = $1 AND closes_at <= now()
