-- What waits, and what was given up; the newest reason of each.
SELECT min(created_at) FILTER (WHERE given_up_at IS NULL) AS waiting_since,
       (array_agg(fault ORDER BY mail_id DESC) FILTER (WHERE given_up_at IS NULL AND fault IS NOT NULL))[1] AS fault,
       count(given_up_at) AS given_up,
       count(given_up_at) FILTER (WHERE fault LIKE 'recipient_refused%' OR fault LIKE 'address_unusable%') AS misaddressed,
       (array_agg(fault ORDER BY given_up_at DESC) FILTER (WHERE given_up_at IS NOT NULL))[1] AS last_fault
FROM mail_outbox
