-- Who calls whom.
SELECT client, server, connection_type, count, errors,
       quantiles[1] AS duration_p50_ns,
       quantiles[2] AS duration_p95_ns,
       quantiles[3] AS duration_p99_ns,
       hops[1] AS hop_p50_ns,
       hops[2] AS hop_p95_ns,
       hops[3] AS hop_p99_ns,
       trace_id, first_seen, last_seen
FROM (
    SELECT client, server, connection_type,
           CAST(round(sum(count)) AS BIGINT) AS count,
           CAST(round(sum(errors)) AS BIGINT) AS errors,
           duration_quantiles(duration_buckets, duration_counts) AS quantiles,
           duration_quantiles(hop_buckets, hop_counts) AS hops,
           first_value(trace_id ORDER BY errors > 0 DESC, last_time DESC) AS trace_id,
           min(first_time) AS first_seen,
           max(last_time) AS last_seen
    FROM edge_metrics
    GROUP BY client, server, connection_type
)
