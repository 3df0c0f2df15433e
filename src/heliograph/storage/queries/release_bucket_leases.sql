UPDATE bucket_lease SET leased_until = '-infinity' WHERE holder = $1 AND bucket = ANY ($2::smallint[])
