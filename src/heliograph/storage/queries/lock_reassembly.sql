-- What is kept of these handsets and numbers, made where nothing is; locked either way, in the order given.
-- $1 carrier, $2 senders, $3 recipients, $4 when to look at a row that stays empty
INSERT INTO reassembly AS r (carrier_id, sender, recipient, next_look_at, kept)
SELECT $1, u.sender, u.recipient, $4, ''
FROM unnest($2::text[], $3::text[]) AS u(sender, recipient)
ON CONFLICT (carrier_id, sender, recipient) DO UPDATE SET kept = r.kept
RETURNING sender, recipient, kept
