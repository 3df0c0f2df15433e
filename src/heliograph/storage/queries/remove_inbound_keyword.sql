DELETE FROM inbound_keyword WHERE number = $1 AND keyword = $2 RETURNING keyword
