-- Reports that wait behind a disabled origin for as long as texts are kept. $1 account, $2 every bucket, $3 below which id
DELETE FROM report_block WHERE account_id = $1 AND bucket = ANY ($2::smallint[]) AND block_id < $3
