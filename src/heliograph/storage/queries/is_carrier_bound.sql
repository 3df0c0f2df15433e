-- Whether any link of the carrier is bound, as far as was told in the last $2. The database's clock decides.
SELECT EXISTS (SELECT FROM bind_lease WHERE carrier_id = $1 AND bound_at > now() - $2::interval)
