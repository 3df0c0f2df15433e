UPDATE bucket_lease SET leased_until = '-infinity' WHERE holder = $1
