-- For every account: its balance, its ledger by kind, and the shares of its batches.
SELECT a.account_id, a.number, a.currency,
       coalesce(b.amount, 0) AS balance,
       coalesce(l.entries, 0) AS entries,
       coalesce(l.total, 0)::bigint AS ledger,
       coalesce(l.top_ups, 0)::bigint AS top_ups,
       coalesce(l.charges, 0)::bigint AS charges,
       coalesce(l.refunds, 0)::bigint AS refunds,
       coalesce(l.corrections, 0)::bigint AS corrections,
       coalesce(l.transfers, 0)::bigint AS transfers,
       coalesce(s.batches, 0) AS batches,
       coalesce(s.charged, 0)::bigint AS charged,
       coalesce(s.refunded, 0)::bigint AS refunded
FROM account a
LEFT JOIN balance b ON b.account_id = a.account_id
LEFT JOIN (
    SELECT account_id, count(*) AS entries, sum(amount) AS total,
           sum(amount) FILTER (WHERE kind = 1) AS top_ups,
           sum(amount) FILTER (WHERE kind = 2) AS charges,
           sum(amount) FILTER (WHERE kind = 3) AS refunds,
           sum(amount) FILTER (WHERE kind = 4) AS corrections,
           sum(amount) FILTER (WHERE kind = 5) AS transfers
    FROM ledger GROUP BY account_id
) l ON l.account_id = a.account_id
LEFT JOIN (
    SELECT account_id, count(*) AS batches, sum(charged) AS charged, sum(refunded) AS refunded
    FROM batch GROUP BY account_id
) s ON s.account_id = a.account_id
ORDER BY a.account_id
