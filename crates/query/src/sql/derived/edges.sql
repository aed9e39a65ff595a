-- Who calls whom: client spans beside the server spans they caused; where there is none, what the
-- client says of its peer.
SELECT client, server, connection_type, count, errors,
       quantiles[1] AS duration_p50_ns,
       quantiles[2] AS duration_p95_ns,
       quantiles[3] AS duration_p99_ns,
       first_seen, last_seen
FROM (
    SELECT client, server, connection_type,
           count(*) AS count,
           count(*) FILTER (WHERE failed) AS errors,
           duration_quantiles(duration_ns) AS quantiles,
           min(start_time) AS first_seen,
           max(start_time) AS last_seen
    FROM (
        SELECT p.service_name AS client,
               CASE WHEN c.span_id IS NOT NULL THEN c.service_name
                    ELSE coalesce(p.peer, p.database, p.messaging) END AS server,
               CASE WHEN p.kind = 'PRODUCER' OR c.kind = 'CONSUMER' OR p.messaging IS NOT NULL THEN 'messaging_system'
                    WHEN c.span_id IS NOT NULL THEN ''
                    WHEN p.database IS NOT NULL THEN 'database'
                    ELSE 'virtual_node' END AS connection_type,
               p.status_code = 'ERROR' OR (c.status_code IS NOT NULL AND c.status_code = 'ERROR') AS failed,
               p.duration_ns,
               p.start_time
        FROM (
            SELECT trace_id, span_id, service_name, kind, status_code, duration_ns, start_time,
                   coalesce(attributes['peer.service'], attributes['server.address']) AS peer,
                   coalesce(attributes['db.system.name'], attributes['db.system']) AS database,
                   attributes['messaging.system'] AS messaging
            FROM spans WHERE kind IN ('CLIENT', 'PRODUCER')
        ) p
        LEFT JOIN (
            SELECT trace_id, span_id, parent_span_id, service_name, kind, status_code
            FROM spans WHERE kind IN ('SERVER', 'CONSUMER')
        ) c ON c.trace_id = p.trace_id AND c.parent_span_id = p.span_id
    )
    WHERE server <> client
    GROUP BY client, server, connection_type
)
