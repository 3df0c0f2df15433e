SELECT count(DISTINCT holder) FROM bucket_lease WHERE leased_until >= now() AND holder <> $1
