import { all, attribute, identifier, integer, sql, timestamp, type Sql } from '../../sql/escape'
import { appliesTo, filterConditions, type Filter } from '../../sql/filter'
import { bucket, within } from '../../sql/range'
import type { SignalName } from '../../api/types'
import type { Range } from '../../time/range'

export const servicesLimit = 1000

// Requests are the spans that a service answers, so that inner work does not count as traffic.
export const entries = sql`kind IN ('SERVER', 'CONSUMER')`
export const version = attribute('resource_attributes', 'service.version')
export const epochSeconds = (column: 'start_time' | 'time', seconds: number): Sql => sql`CAST(${bucket(column, seconds)} AS BIGINT) / 1000000000`

export const spansWhere = (range: Range, filters: readonly Filter[]): Sql => all([within('start_time', range), ...filterConditions(filters, 'spans')])

// Rate, errors and latency: of requests, and of all spans for services that answer none.
export const redColumns = sql`count(*) FILTER (WHERE ${entries}) AS requests,
  count(*) FILTER (WHERE ${entries} AND status_code = 'ERROR') AS failed,
  duration_quantiles(duration_ns) FILTER (WHERE ${entries}) AS request_quantiles,
  max(kind) FILTER (WHERE ${entries}) AS entry_kind,
  count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'ERROR') AS span_errors,
  duration_quantiles(duration_ns) AS span_quantiles`

export function redQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT service_name,
  ${redColumns},
  max(start_time) AS last_seen,
  last_value(${version} ORDER BY start_time) FILTER (WHERE ${version} IS NOT NULL) AS version,
  count(DISTINCT ${version}) AS versions
FROM spans
WHERE ${spansWhere(range, filters)}
GROUP BY service_name
ORDER BY requests DESC, spans DESC
LIMIT ${integer(servicesLimit)}`
}

const day = 86_400_000_000_000n

// How far back a service is looked for before it counts as unknown.
export function lookback({ from, to }: Range): Range {
  return { from: to - from < day ? to - day : from, to }
}

// Who sent anything of late, so that a service that fell silent is still named.
export function presenceQuery(range: Range, filters: readonly Filter[]): Sql {
  return sql`SELECT service_name, max(last_seen) AS last_seen,
  sum(spans) AS spans, sum(logs) AS logs, sum(points) AS points
FROM (
  ${seen('spans', 'spans', range, filters)}
  UNION ALL
  ${seen('logs', 'logs', range, filters)}
  UNION ALL
  ${seen('metrics', 'points', range, filters)}
)
GROUP BY service_name
ORDER BY last_seen DESC
LIMIT ${integer(servicesLimit)}`
}

function seen(table: SignalName, counted: 'spans' | 'logs' | 'points', range: Range, filters: readonly Filter[]): Sql {
  const time = table === 'spans' ? 'start_time' : 'time'
  const within24h = within(time, lookback(range))
  // A filter that a signal cannot answer leaves none of its rows.
  const conditions = filters.every((filter) => appliesTo(filter, table)) ? filterConditions(filters, table) : [sql`FALSE`]
  const amount = (name: string): Sql => (name === counted ? sql`count(*) FILTER (WHERE ${identifier(time)} >= ${timestamp(range.from)})` : sql`0`)
  return sql`SELECT service_name, max(${identifier(time)}) AS last_seen, ${amount('spans')} AS spans, ${amount('logs')} AS logs, ${amount('points')} AS points
  FROM ${identifier(table)} WHERE ${all([within24h, ...conditions])} GROUP BY service_name`
}

export function trendsQuery(range: Range, filters: readonly Filter[], seconds: number): Sql {
  return sql`SELECT service_name, ${epochSeconds('start_time', seconds)} AS second,
  count(*) FILTER (WHERE ${entries}) AS requests,
  count(*) FILTER (WHERE ${entries} AND status_code = 'ERROR') AS failed,
  count(*) AS spans,
  count(*) FILTER (WHERE status_code = 'ERROR') AS span_errors
FROM spans
WHERE ${spansWhere(range, filters)}
GROUP BY 1, 2
LIMIT 100000`
}
