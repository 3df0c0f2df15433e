-- Carriers with segments in doubt of which it is not decided yet whether they are sent once more.
SELECT DISTINCT carrier_id FROM in_doubt WHERE resend_at IS NOT NULL
