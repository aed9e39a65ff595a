-- What services do, by the names of their spans.
SELECT service_name, name, kind, count, errors,
       CAST(errors AS DOUBLE) / count AS error_rate,
       quantiles[1] AS duration_p50_ns,
       quantiles[2] AS duration_p95_ns,
       quantiles[3] AS duration_p99_ns,
       first_seen, last_seen
FROM (
    SELECT service_name, name, kind,
           count(*) AS count,
           count(*) FILTER (WHERE status_code = 'ERROR') AS errors,
           duration_quantiles(duration_ns) AS quantiles,
           min(start_time) AS first_seen,
           max(start_time) AS last_seen
    FROM spans GROUP BY service_name, name, kind
)
