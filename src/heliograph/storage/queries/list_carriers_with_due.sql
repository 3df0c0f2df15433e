SELECT carrier_id FROM finished_lot WHERE due_at <= $1
UNION
SELECT carrier_id FROM in_doubt WHERE closes_at <= $1
