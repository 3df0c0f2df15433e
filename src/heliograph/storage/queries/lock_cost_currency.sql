-- The currency of a carrier's costs; who else would change them waits.
SELECT cost_currency FROM carrier WHERE carrier_id = $1 FOR NO KEY UPDATE
