-- Whether anything still speaks of a carrier: routes, lots, segments in doubt, messages without a receipt.
SELECT EXISTS (SELECT FROM route WHERE carrier_id = $1)
    OR EXISTS (SELECT FROM lot WHERE carrier_id = $1)
    OR EXISTS (SELECT FROM finished_lot WHERE carrier_id = $1)
    OR EXISTS (SELECT FROM in_doubt WHERE carrier_id = $1)
