-- Those of an account's messages of which a carrier has, or may have, a segment. $2 messages, $3 and $4 the lowest and
-- highest of them. Rank 1 alone tells nothing of a message of several segments.
SELECT message_id
FROM message
WHERE account_id = $1
  AND message_id = ANY ($2)
  AND message_id BETWEEN $3 AND $4
  AND (rank > 1 OR coalesce(ranks, '') NOT IN ('', decode(repeat('00', segments), 'hex')))
