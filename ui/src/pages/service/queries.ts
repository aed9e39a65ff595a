import { all, attribute, identifier, integer, sql, text, type Sql } from '../../sql/escape'
import { filterConditions, type Filter } from '../../sql/filter'
import { within } from '../../sql/range'
import type { Range } from '../../time/range'
import { epochSeconds, red, spansWhere } from '../services/red'

export const operationsLimit = 500
export const listLimit = 200

export const ofService = (filters: readonly Filter[], service: string): Filter[] => [...filters, { key: 'service', op: '=', value: service }]

export function redTrendQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  const of = red(range, filters, seconds)
  return sql`SELECT ${of.second(seconds)} AS second,
  ${of.columns}
FROM ${of.table}
WHERE ${of.where}
GROUP BY 1
ORDER BY 1
LIMIT 1000`
}

export function operationsQuery(range: Range, filters: readonly Filter[]): Sql {
  const of = red(range, filters)
  return sql`SELECT name, kind,
  ${of.calls} AS calls,
  ${of.failed} AS failed,
  ${of.quantiles} AS quantiles,
  ${of.total} AS total_ns
FROM ${of.table}
WHERE ${of.where}
GROUP BY name, kind
ORDER BY total_ns DESC
LIMIT ${integer(operationsLimit)}`
}

// Which versions ran in each slice of time; the changes between slices are the deploys.
export function versionsQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  const of = red(range, filters, seconds)
  return sql`SELECT ${of.second(seconds)} AS second, ${of.version} AS version, ${of.calls} AS spans
FROM ${of.table}
WHERE ${of.where} AND ${of.version} IS NOT NULL
GROUP BY 1, 2
ORDER BY 1, 3 DESC
LIMIT 5000`
}

export function versionRedQuery(range: Range, filters: readonly Filter[]): Sql {
  const of = red(range, filters)
  return sql`SELECT ${of.version} AS version,
  ${of.columns},
  ${of.first} AS first_seen, ${of.last} AS last_seen
FROM ${of.table}
WHERE ${of.where} AND ${of.version} IS NOT NULL
GROUP BY 1
ORDER BY first_seen DESC
LIMIT 50`
}

const statement = sql`coalesce(${attribute('attributes', 'db.query.text')}, ${attribute('attributes', 'db.statement')})`

// Statements that differ in their values alone are one: literals, numbers and lists of marks become one mark.
const normalised = sql`regexp_replace(regexp_replace(regexp_replace(regexp_replace(${statement}, '''(?:[^'']|'''')*''', '?', 'g'),
    '\\b[0-9]+(?:\\.[0-9]+)?\\b', '?', 'g'), '\\(\\s*\\?(?:\\s*,\\s*\\?)+\\s*\\)', '(?, …)', 'g'), '\\s+', ' ', 'g')`

export function databaseQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT q.statement AS statement, q.system AS system, q.namespace AS namespace,
  count(*) AS calls,
  count(*) FILTER (WHERE q.failed) AS failed,
  sum(q.duration_ns) AS total_ns,
  duration_quantiles(q.duration_ns) AS quantiles,
  count(q.parent_span_id) / CAST(nullif(count(DISTINCT q.parent_span_id), 0) AS DOUBLE) AS per_caller,
  array_slice(array_agg(DISTINCT p.name), 1, 5) AS callers,
  first_value(q.sample ORDER BY q.duration_ns DESC) AS sample,
  first_value(hex(q.trace_id) ORDER BY q.duration_ns DESC) AS trace_id,
  first_value(hex(q.span_id) ORDER BY q.duration_ns DESC) AS span_id
FROM (
  SELECT trace_id, span_id, parent_span_id, duration_ns, status_code = 'ERROR' AS failed,
    coalesce(${attribute('attributes', 'db.system.name')}, ${attribute('attributes', 'db.system')}) AS system,
    coalesce(${attribute('attributes', 'db.namespace')}, ${attribute('attributes', 'db.name')}) AS namespace,
    substr(${normalised}, 1, 2000) AS statement, substr(${statement}, 1, 2000) AS sample
  FROM spans WHERE ${spansWhere(range, filters)} AND ${statement} IS NOT NULL
) q LEFT JOIN (
  SELECT trace_id, span_id, name FROM spans WHERE ${spansWhere(range, filters.filter(({ key }) => key === 'service'))}
) p ON p.trace_id = q.trace_id AND p.span_id = q.parent_span_id
GROUP BY 1, 2, 3
ORDER BY total_ns DESC
LIMIT ${integer(listLimit)}`
}

// Numbers and ids inside a message would make every failure a kind of its own.
const kindOf = (message: Sql): Sql => sql`regexp_replace(regexp_replace(substr(${message}, 1, 500), '\\b[0-9a-fA-F]{8}[0-9a-fA-F-]{8,}\\b', '…', 'g'), '[0-9]+', '…', 'g')`

const eventAttribute = (key: string): Sql => sql`event['attributes'][${text(key)}]`
const logAttribute = (key: string): Sql => attribute('attributes', key)

// Exceptions of spans and of log records, and failed spans that name no exception.
export function errorsQuery(range: Range, filters: readonly Filter[]): Sql {
  const scope = spansWhere(range, filters)
  const events = sql`SELECT trace_id, span_id, name, unnest(events) AS event FROM spans WHERE ${scope}`
  const type = sql`coalesce(${attribute('attributes', 'error.type')}, CAST(${attribute('attributes', 'http.response.status_code')} AS VARCHAR), 'ERROR')`
  return sql`SELECT source, type, message,
  count(*) AS times,
  min(time) AS first_seen, max(time) AS last_seen,
  array_slice(array_agg(DISTINCT operation), 1, 4) AS operations,
  array_slice(array_agg(hex(trace_id) ORDER BY time DESC) FILTER (WHERE trace_id IS NOT NULL), 1, 30) AS traces,
  last_value(sample ORDER BY time) AS sample,
  last_value(stack ORDER BY time) AS stack
FROM (
  SELECT 'span' AS source, ${eventAttribute('exception.type')} AS type, ${kindOf(eventAttribute('exception.message'))} AS message,
    event['time'] AS time, trace_id, name AS operation, substr(${eventAttribute('exception.message')}, 1, 1000) AS sample, substr(${eventAttribute('exception.stacktrace')}, 1, 8000) AS stack
  FROM (${events})
  WHERE event['name'] = 'exception'
  UNION ALL
  SELECT 'status', ${type}, ${kindOf(identifier('status_message'))}, start_time, trace_id, name, substr(status_message, 1, 1000), CAST(NULL AS VARCHAR)
  FROM spans WHERE ${scope} AND status_code = 'ERROR'
    AND span_id NOT IN (SELECT span_id FROM (${events}) WHERE event['name'] = 'exception')
  UNION ALL
  SELECT 'log', ${logAttribute('exception.type')}, ${kindOf(logAttribute('exception.message'))}, time, trace_id, CAST(NULL AS VARCHAR),
    substr(${logAttribute('exception.message')}, 1, 1000), substr(${logAttribute('exception.stacktrace')}, 1, 8000)
  FROM logs WHERE ${all([within('time', range), ...filterConditions(filters, 'logs')])}
    AND (${logAttribute('exception.type')} IS NOT NULL OR ${logAttribute('exception.message')} IS NOT NULL)
)
WHERE type IS NOT NULL OR message IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY times DESC
LIMIT ${integer(listLimit)}`
}

export const runtimeFamilies = ['process', 'runtime', 'jvm', 'cpython', 'nodejs', 'v8js', 'dotnet', 'go', 'ruby', 'php', 'container', 'k8s', 'system', 'asyncio', 'thread', 'threads', 'hw'] as const

const metricsWhere = (range: Range, filters: readonly Filter[]): Sql => all([
  within('time', range), ...filterConditions(filters, 'metrics'),
  sql`split_part(metric_name, '.', 1) IN (${joinTexts(runtimeFamilies)})`, sql`type IN ('gauge', 'sum', 'histogram')`,
])

const joinTexts = (values: readonly string[]): Sql => values.slice(1).reduce((written, value) => sql`${written}, ${text(value)}`, text(values[0] ?? ''))

export function runtimeSeriesQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT metric_name, CAST(series AS VARCHAR) AS series,
  max(type) AS type, max(unit) AS unit, max(description) AS description,
  max(temporality) AS temporality, bool_or(is_monotonic) AS monotonic,
  last_value(attributes ORDER BY time) AS attributes,
  last_value(${attribute('resource_attributes', 'service.instance.id')} ORDER BY time) AS instance
FROM metrics
WHERE ${metricsWhere(range, filters)}
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT 1000`
}

export const pointsLimit = 100_000

// Of counters the highest value of each slice, of gauges the mean; a histogram gives its count and sum.
export function runtimePointsQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  return sql`SELECT CAST(series AS VARCHAR) AS series, ${epochSeconds('time', seconds)} AS second,
  avg(value) AS mean, max(value) AS highest, sum(value) AS total,
  max(count) AS count_highest, max(sum) AS sum_highest, sum(count) AS count_total, sum(sum) AS sum_total
FROM metrics
WHERE ${metricsWhere(range, filters)}
GROUP BY 1, 2
ORDER BY 1, 2
LIMIT ${integer(pointsLimit)}`
}
