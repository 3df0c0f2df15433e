-- Messages of a batch of which a carrier has, or may have, a segment, or that are closed. One of several
-- segments has rank 1 also when every try was refused for now; only its segments' own ranks tell.
SELECT message_id
FROM message
WHERE account_id = $1
  AND message_id BETWEEN $2 AND $3
  AND (code >= 200
       OR rank > 1
       OR (segments = 1 AND rank = 1)
       OR coalesce(ranks, '') NOT IN ('', decode(repeat('00', segments), 'hex')))
ORDER BY message_id
FOR UPDATE
