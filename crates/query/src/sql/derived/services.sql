-- Who sent anything.
SELECT service_name,
       min(first_seen) AS first_seen,
       max(last_seen) AS last_seen,
       sum(spans) AS spans,
       sum(errors) AS errors,
       sum(logs) AS logs,
       sum(points) AS points
FROM (
    SELECT service_name, min(first_time) AS first_seen, max(last_time) AS last_seen,
           sum(spans) AS spans, coalesce(sum(spans) FILTER (WHERE status_code = 'ERROR'), 0) AS errors, 0 AS logs, 0 AS points
    FROM span_metrics GROUP BY service_name
    UNION ALL
    SELECT service_name, min(time), max(time), 0, 0, count(*), 0 FROM logs GROUP BY service_name
    UNION ALL
    SELECT service_name, min(time), max(time), 0, 0, 0, count(*) FROM metrics GROUP BY service_name
)
WHERE service_name IS NOT NULL
GROUP BY service_name
