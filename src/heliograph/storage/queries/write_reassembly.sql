UPDATE reassembly r
SET next_look_at = u.next_look_at, kept = u.kept
FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::bytea[])
    AS u(sender, recipient, next_look_at, kept)
WHERE r.carrier_id = $1 AND r.sender = u.sender AND r.recipient = u.recipient
