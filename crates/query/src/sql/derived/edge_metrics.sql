-- Who calls whom, minute by minute: calls counted already, and those whose ends still wait in different
-- files. A client that nobody answered has called whom it says.
SELECT time, client, server, connection_type, count, spans, first_time, last_time, errors,
       duration_sum_ns, duration_buckets, duration_counts,
       server_duration_sum_ns, server_duration_buckets, server_duration_counts,
       hop_sum_ns, hop_buckets, hop_counts, trace_id
FROM edge_counts
UNION ALL
SELECT date_trunc('minute', time) AS time, client, server, connection_type,
       weight AS count, 1 AS spans, time AS first_time, time AS last_time,
       CASE WHEN failed THEN weight ELSE 0 END AS errors,
       duration_ns * weight AS duration_sum_ns,
       duration_buckets(duration_ns) AS duration_buckets,
       duration_counts(weight) AS duration_counts,
       coalesce(server_ns * weight, 0) AS server_duration_sum_ns,
       duration_buckets(server_ns) AS server_duration_buckets,
       duration_counts(weight) AS server_duration_counts,
       coalesce(hop_ns * weight, 0) AS hop_sum_ns,
       duration_buckets(hop_ns) AS hop_buckets,
       duration_counts(weight) AS hop_counts,
       trace_id
FROM (
    SELECT c.service_name AS client,
           coalesce(s.service_name, c.peer) AS server,
           CASE WHEN c.is_messaging OR coalesce(s.is_messaging, false) THEN 'messaging_system'
                WHEN s.service_name IS NOT NULL THEN ''
                ELSE 'virtual_node' END AS connection_type,
           c.weight,
           c.failed OR coalesce(s.failed, false) AS failed,
           c.duration_ns,
           s.duration_ns AS server_ns,
           CASE WHEN NOT c.is_messaging AND NOT s.is_messaging AND s.duration_ns <= c.duration_ns
                THEN c.duration_ns - s.duration_ns END AS hop_ns,
           c.trace_id,
           c.time
    FROM (SELECT * FROM edge_halves WHERE is_client) c
    LEFT JOIN (SELECT * FROM edge_halves WHERE NOT is_client) s ON s.trace_id = c.trace_id AND s.span_id = c.span_id
    WHERE s.service_name IS NOT NULL OR NOT c.answered
)
WHERE server <> client
