-- One row for each tag of a batch, whatever order they come in. $1 accounts, $2 tags, $3 batches
INSERT INTO batch_tag (account_id, tag, batch_id)
SELECT account_id, tag, batch_id
FROM unnest($1::bigint[], $2::text[], $3::bytea[]) AS u(account_id, tag, batch_id)
ON CONFLICT (account_id, tag, batch_id) DO NOTHING
