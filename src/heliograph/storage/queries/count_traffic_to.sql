UPDATE traffic_progress SET counted_to = $2 WHERE look = $1
