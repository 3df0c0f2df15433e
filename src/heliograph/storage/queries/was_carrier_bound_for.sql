-- Whether a link of the carrier was bound for as long as $2, without a gap, and is now as far as was told in the
-- last $3. The database's clock decides.
SELECT EXISTS (
    SELECT
    FROM bind_lease
    WHERE carrier_id = $1 AND bound_at > now() - $3::interval AND bound_since <= now() - $2::interval
)
