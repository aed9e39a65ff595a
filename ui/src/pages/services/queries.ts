import { all, identifier, integer, sql, timestamp, type Sql } from '../../sql/escape'
import { appliesTo, filterConditions, type Filter } from '../../sql/filter'
import { within } from '../../sql/range'
import type { SignalName } from '../../api/types'
import type { Range } from '../../time/range'
import { red } from './red'

export const servicesLimit = 1000

export function redQuery(range: Range, filters: readonly Filter[]): Sql {
  const of = red(range, filters)
  return sql`SELECT service_name,
  ${of.columns},
  ${of.last} AS last_seen,
  last_value(${of.version} ORDER BY ${of.byService}) FILTER (WHERE ${of.version} IS NOT NULL) AS version,
  count(DISTINCT ${of.version}) AS versions
FROM ${of.table}
WHERE ${of.where}
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
  const of = red(range, filters, seconds)
  return sql`SELECT service_name, second, requests, failed, spans, span_errors FROM (
SELECT service_name, ${of.second(seconds)} AS second,
  ${of.columns}
FROM ${of.table}
WHERE ${of.where}
GROUP BY 1, 2
)
LIMIT 100000`
}
