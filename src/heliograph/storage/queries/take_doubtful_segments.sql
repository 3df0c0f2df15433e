WITH due AS (
    SELECT message_id, segment
    FROM in_doubt
    WHERE carrier_id = $1 AND closes_at <= $2
    ORDER BY closes_at
    LIMIT $3
    FOR UPDATE SKIP LOCKED
)
DELETE FROM in_doubt d
USING due
WHERE d.carrier_id = $1 AND d.message_id = due.message_id AND d.segment = due.segment
RETURNING d.account_id, d.message_id, d.segment, d.segments
