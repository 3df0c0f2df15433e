SELECT DISTINCT smsc_hash FROM unmatched_receipt WHERE carrier_id = $1 LIMIT $2
