-- Exceptions, as events of spans and as log records.
SELECT service_name, type, message,
       count(*) AS count,
       min(time) AS first_seen,
       max(time) AS last_seen,
       last_value(trace_id ORDER BY time) FILTER (WHERE trace_id IS NOT NULL) AS trace_id
FROM (
    SELECT service_name, trace_id, time,
           attributes['exception.type'] AS type,
           attributes['exception.message'] AS message
    FROM (
        SELECT service_name, trace_id, event['name'] AS name, event['time'] AS time, event['attributes'] AS attributes
        FROM (SELECT service_name, trace_id, unnest(events) AS event FROM spans WHERE cardinality(events) > 0)
    )
    WHERE name = 'exception'
    UNION ALL
    SELECT service_name, trace_id, time, attributes['exception.type'], attributes['exception.message']
    FROM logs
    WHERE severity_number >= 17
      AND (attributes['exception.type'] IS NOT NULL OR attributes['exception.message'] IS NOT NULL)
)
GROUP BY service_name, type, message
