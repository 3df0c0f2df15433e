-- Reports that wait for another try, and whether they are owed no more: given up, or first tried before $5 (behind
-- an origin that is disabled). $1 every bucket, $2 account, $3 and $4 lowest and highest message id
SELECT bucket, message_id, parked OR first_try < $5 AS is_over
FROM report_retry
WHERE bucket = ANY ($1::smallint[]) AND account_id = $2 AND message_id BETWEEN $3 AND $4
