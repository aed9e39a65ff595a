-- Who called whom within a time: client spans beside the server spans they caused, or what the
-- client says of its peer. Zipkin's servers share the id of their client's span.
SELECT client, server,
       count(*) AS calls,
       count(*) FILTER (WHERE failed) AS errors
FROM (
    SELECT p.service_name AS client,
           CASE WHEN c.callee IS NOT NULL THEN c.callee ELSE p.peer END AS server,
           p.failed OR coalesce(c.failed, false) AS failed
    FROM (
        SELECT trace_id, span_id, service_name, status_code = 'ERROR' AS failed,
               coalesce(attributes['peer.service'], attributes['server.address'], attributes['db.system.name'],
                        attributes['db.system'], attributes['messaging.system']) AS peer
        FROM spans WHERE kind IN ('CLIENT', 'PRODUCER') AND {within}
    ) p
    LEFT JOIN (
        SELECT trace_id, parent_span_id AS caller, service_name AS callee, status_code = 'ERROR' AS failed
        FROM spans WHERE kind IN ('SERVER', 'CONSUMER') AND {within}
        UNION ALL
        SELECT trace_id, span_id AS caller, service_name AS callee, status_code = 'ERROR' AS failed
        FROM spans WHERE kind IN ('SERVER', 'CONSUMER') AND attributes['zipkin.shared'] = true AND {within}
    ) c ON c.trace_id = p.trace_id AND c.caller = p.span_id
)
WHERE client IS NOT NULL AND server IS NOT NULL AND server <> client
GROUP BY client, server
ORDER BY client, server
