SELECT spent FROM daily_spend WHERE account_id = $1 AND day = $2
