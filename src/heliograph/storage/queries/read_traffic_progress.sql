SELECT counted_to FROM traffic_progress WHERE look = 0
