SELECT code, count(*)::integer AS messages, sum(segments)::integer AS segments
FROM message
WHERE account_id = $1 AND message_id BETWEEN $2 AND $3
GROUP BY code
