import { all, integer, join, sql, text, timestamp, type Sql } from '../../sql/escape'
import { appliesTo, filterCondition, filterConditions, subjectOf, type Filter } from '../../sql/filter'
import { bucket, within } from '../../sql/range'
import type { Range } from '../../time/range'
import type { LogRecord } from './record'
import { searchConditions, termCondition } from './search/compile'
import { parseSearch } from './search/parse'
import type { Side } from './window'

export interface LogScope {
  range: Range
  filters: readonly Filter[]
  search: string
}

export const pageSize = 300
export const bodyBytesMost = 8192
const preview = 1000

// Bodies over the limit travel as their beginning; the whole one is fetched on demand.
const columns = sql`time, observed_time, severity_number, severity_text, service_name,
  CASE WHEN octet_length(body) > ${integer(bodyBytesMost)} THEN substr(body, 1, ${integer(preview)}) ELSE body END AS body,
  octet_length(body) AS body_bytes, octet_length(body) > ${integer(bodyBytesMost)} AS body_cut,
  trace_id, span_id, event_name, scope_name, dropped_attributes_count, attributes, resource_attributes`

const narrowing = ({ filters, search }: Omit<LogScope, 'range'>): Sql[] => [...filterConditions(filters, 'logs'), ...searchConditions(search)]

export const matching = ({ range, filters, search }: LogScope): Sql => all([within('time', range), ...narrowing({ filters, search })])

// The next records on one side of a time, the closest first. Pages go by time alone, never by counting rows.
export function pageQuery(scope: LogScope, side: Side, from: bigint | null): Sql {
  const { range } = scope
  const window = side === 'older' ? { from: range.from, to: from ?? range.to } : { from: from === null ? range.from : from + 1n, to: range.to }
  return sql`SELECT ${columns}
FROM logs
WHERE ${matching({ ...scope, range: window })}
ORDER BY time ${side === 'older' ? sql`DESC` : sql`ASC`}
LIMIT ${integer(pageSize)}`
}

export const momentMost = 10_000

// All records of one time, where they are more than a page.
export function momentQuery(scope: LogScope, moment: bigint): Sql {
  return sql`SELECT ${columns}
FROM logs
WHERE ${matching({ ...scope, range: { from: moment, to: moment + 1n } })}
LIMIT ${integer(momentMost)}`
}

// What an export holds: every column, the newest first.
export function exportQuery(scope: LogScope): Sql {
  return sql`SELECT *
FROM logs
WHERE ${matching(scope)}
ORDER BY time DESC`
}

export const band = sql`CASE WHEN severity_number >= 21 THEN 'FATAL' WHEN severity_number >= 17 THEN 'ERROR' WHEN severity_number >= 13 THEN 'WARN'
    WHEN severity_number >= 9 THEN 'INFO' WHEN severity_number >= 5 THEN 'DEBUG' WHEN severity_number >= 1 THEN 'TRACE' ELSE 'UNSET' END`

// The value of a field as text, by which records are counted.
export const fieldText = (field: string): Sql => (field === 'severity' ? band : sql`coalesce(CAST(${subjectOf(field, 'logs')} AS VARCHAR), '')`)

// By severity, or by the values of another field, of which those not named are counted as one.
export function histogramQuery(scope: LogScope, seconds: number, by = 'severity', named: readonly string[] = []): Sql {
  const value = by === 'severity' || named.length === 0 ? fieldText(by) : sql`CASE WHEN ${fieldText(by)} IN (${join(named.map(text), ', ')}) THEN ${fieldText(by)} END`
  return sql`SELECT CAST(${bucket('time', seconds)} AS BIGINT) / 1000000000 AS second,
  ${value} AS value,
  count(*) AS records
FROM logs
WHERE ${matching(scope)}
GROUP BY 1, 2
ORDER BY 1`
}

// Each facet ignores its own filter, so that the other choices keep their counts.
export function facetQuery(scope: LogScope, field: string, most: number): Sql {
  const filters = scope.filters.filter((filter) => filter.key !== field)
  return sql`SELECT ${fieldText(field)} AS value, count(*) AS records
FROM logs
WHERE ${matching({ ...scope, filters })}
GROUP BY 1
ORDER BY 2 DESC, 1
LIMIT ${integer(most)}`
}

// The time is that of one record, but others may share it: what else is known of the record tells them apart.
export function bodyQuery({ time, service, spanId, bodyBytes, body }: LogRecord): Sql {
  const known = [
    sql`time = ${timestamp(time)}`,
    service === '' ? sql`service_name IS NULL` : sql`service_name = ${text(service)}`,
    sql`octet_length(body) = ${integer(bodyBytes)}`,
    sql`starts_with(body, ${text(body)})`,
    ...(spanId === null ? [] : [sql`span_id = ${text(spanId)}`]),
  ]
  return sql`SELECT body FROM logs WHERE ${all(known)} LIMIT 1`
}

export interface Condition {
  label: string
  filter?: Filter
  term?: number // its place in the search
}

// What narrows the scope: filters that apply to logs, and terms of the search.
export function conditionsOf({ filters, search }: Pick<LogScope, 'filters' | 'search'>): Condition[] {
  const applying = filters.filter((filter) => appliesTo(filter, 'logs'))
  const terms = parseSearch(search)
  return [
    ...applying.map((filter) => ({ filter, label: filter.op === '?' ? `${filter.key} ?` : `${filter.key} ${filter.op} ${filter.value}` })),
    ...terms.map(({ written }, term) => ({ term, label: written })),
  ]
}

// How many records there were without each of the conditions, in one row.
export function withoutQuery({ range, filters, search }: LogScope): Sql {
  const conditions = [...filterConditions(filters.filter((filter) => filterCondition(filter, 'logs') !== null), 'logs'), ...parseSearch(search).map(termCondition)]
  const counts = conditions.map((_, left) => sql`count(*) FILTER (WHERE ${all(conditions.filter((_, index) => index !== left))})`)
  const named = counts.map((one, index) => sql`${one} AS without_${integer(index)}`)
  return sql`SELECT ${join(named, ', ')}
FROM logs
WHERE ${within('time', range)}`
}
