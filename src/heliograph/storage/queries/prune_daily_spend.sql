DELETE FROM daily_spend WHERE day < $1
