INSERT INTO segment (carrier_id, day, smsc_hash, segment, segments, recipient_tail, account_id, message_id,
                     smsc_id)
SELECT $1, $2, u.smsc_hash, u.segment, u.segments, u.recipient_tail, u.account_id, u.message_id, u.smsc_id
FROM unnest($3::bigint[], $4::smallint[], $5::smallint[], $6::integer[], $7::bigint[], $8::bytea[], $9::text[])
    AS u(smsc_hash, segment, segments, recipient_tail, account_id, message_id, smsc_id)
