-- What services do, by the names of their spans.
SELECT service_name, name, kind, count, errors,
       CASE WHEN count > 0 THEN CAST(errors AS DOUBLE) / count ELSE 0 END AS error_rate,
       quantiles[1] AS duration_p50_ns,
       quantiles[2] AS duration_p95_ns,
       quantiles[3] AS duration_p99_ns,
       first_seen, last_seen
FROM (
    SELECT service_name, name, kind,
           CAST(round(sum(count)) AS BIGINT) AS count,
           CAST(round(coalesce(sum(count) FILTER (WHERE status_code = 'ERROR'), 0)) AS BIGINT) AS errors,
           duration_quantiles(duration_buckets, duration_counts) AS quantiles,
           min(first_time) AS first_seen,
           max(last_time) AS last_seen
    FROM span_metrics GROUP BY service_name, name, kind
)
