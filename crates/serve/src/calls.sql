-- Who called whom within a time, to the minute.
SELECT client, server,
       CAST(round(sum(count)) AS BIGINT) AS calls,
       CAST(round(sum(errors)) AS BIGINT) AS errors
FROM edge_metrics
WHERE {overlapping}
GROUP BY client, server
ORDER BY client, server
