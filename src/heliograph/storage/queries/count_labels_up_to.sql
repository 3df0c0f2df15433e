-- The first labels in alphabetical order, each with how many contacts have it as far as that was counted, and how
-- far that is. One label after the other is looked up in the index, as if they were leafed through. $1 account,
-- $2 at most so many labels, $3 how many contacts may be counted for all labels together
WITH RECURSIVE found (label) AS (
    (SELECT l.label FROM contact_label AS l WHERE l.account_id = $1 ORDER BY l.label LIMIT 1)
    UNION ALL
    SELECT (SELECT l.label FROM contact_label AS l WHERE l.account_id = $1 AND l.label > f.label ORDER BY l.label LIMIT 1)
    FROM found AS f
    WHERE f.label IS NOT NULL
),
named AS (SELECT label FROM found WHERE label IS NOT NULL LIMIT $2::bigint),
bound AS (SELECT greatest(100, $3::bigint / greatest(1, count(*))) AS highest FROM named)
SELECT n.label,
       (SELECT count(*)
        FROM (SELECT FROM contact_label AS l WHERE l.account_id = $1 AND l.label = n.label
              LIMIT (SELECT highest + 1 FROM bound)) AS counted) AS contacts,
       (SELECT highest FROM bound) AS highest
FROM named AS n
ORDER BY n.label
