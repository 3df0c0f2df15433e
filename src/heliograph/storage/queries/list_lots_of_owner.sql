-- What the database knows of the lots of one owner: asked when a commit was lost on the way.
SELECT lot_id, next_segment, coalesce(answered, '') AS answered
FROM lot
WHERE carrier_id = $1 AND slot = $2 AND epoch = $3
