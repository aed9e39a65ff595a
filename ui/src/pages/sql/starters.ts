// Questions to begin with; the titles are localised, the SQL is the lesson.
import type { MessageKey } from '../../i18n/translate'

export interface Starter {
  title: MessageKey
  query: string
}

export const starters: readonly Starter[] = [
  {
    title: 'sql.starter.services',
    query: `SELECT service_name,
  count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'ERROR') AS errors,
  approx_percentile_cont(duration_ns, 0.95) / 1e6 AS p95_ms
FROM spans
WHERE start_time > now() - INTERVAL '1 hour'
GROUP BY service_name
ORDER BY spans DESC`,
  },
  {
    title: 'sql.starter.slowest',
    query: `SELECT trace_id, service_name, name, duration_ns / 1e6 AS ms, start_time
FROM spans
WHERE parent_span_id IS NULL AND start_time > now() - INTERVAL '1 hour'
ORDER BY duration_ns DESC
LIMIT 20`,
  },
  {
    title: 'sql.starter.errorRate',
    query: `SELECT date_bin(INTERVAL '1 minute', start_time) AS minute,
  count(*) FILTER (WHERE status_code = 'ERROR') * 100.0 / count(*) AS error_percent,
  count(*) AS spans
FROM spans
WHERE start_time > now() - INTERVAL '1 hour'
GROUP BY 1
ORDER BY 1`,
  },
  {
    title: 'sql.starter.routes',
    query: `SELECT attributes['http.route'] AS route,
  count(*) AS requests,
  approx_percentile_cont(duration_ns, 0.5) / 1e6 AS p50_ms,
  approx_percentile_cont(duration_ns, 0.99) / 1e6 AS p99_ms
FROM spans
WHERE kind = 'SERVER' AND start_time > now() - INTERVAL '1 day'
GROUP BY 1
ORDER BY requests DESC`,
  },
  {
    title: 'sql.starter.queries',
    query: `SELECT attributes['db.query.text'] AS query,
  count(*) AS calls,
  sum(duration_ns) / 1e6 AS total_ms,
  avg(duration_ns) / 1e6 AS mean_ms
FROM spans
WHERE attributes['db.query.text'] IS NOT NULL AND start_time > now() - INTERVAL '1 day'
GROUP BY 1
ORDER BY total_ms DESC
LIMIT 20`,
  },
  {
    title: 'sql.starter.logLevels',
    query: `SELECT date_bin(INTERVAL '1 minute', time) AS minute,
  count(*) AS records,
  count(*) FILTER (WHERE severity_number >= 17) AS errors
FROM logs
WHERE time > now() - INTERVAL '1 hour'
GROUP BY 1
ORDER BY 1`,
  },
  {
    title: 'sql.starter.users',
    query: `SELECT attributes['user.id'] AS user_id, count(*) AS requests, sum(duration_ns) / 1e9 AS seconds
FROM spans
WHERE attributes['user.id'] IS NOT NULL AND start_time > now() - INTERVAL '1 day'
GROUP BY 1
ORDER BY seconds DESC
LIMIT 20`,
  },
  {
    title: 'sql.starter.metrics',
    query: `SELECT metric_name, type, unit, count(*) AS points, max(time) AS latest
FROM metrics
WHERE time > now() - INTERVAL '1 hour'
GROUP BY 1, 2, 3
ORDER BY points DESC`,
  },
]
