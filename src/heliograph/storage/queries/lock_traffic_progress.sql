SELECT counted_to FROM traffic_progress WHERE look = $1 FOR UPDATE SKIP LOCKED
