// One filter model for every signal: `key op value`, kept in the URL as `f=`.
import { all, attribute, containing, decimal, identifier, integer, sql, text, type Sql } from './escape'
import { parseDuration } from '../time/duration'
import type { SignalName } from '../api/types'
import { severityBand } from './severity'

export type Operator = '=' | '!=' | '~' | '!~' | '>' | '>=' | '<' | '<=' | '?'

export const operators: readonly Operator[] = ['=', '!=', '~', '!~', '>', '>=', '<', '<=', '?']

export interface Filter {
  key: string
  op: Operator
  value: string
}

// Short names for columns; every other key is an attribute, of the resource or scope when prefixed so,
// and of either the span or its resource behind a dot.
const columns: Record<SignalName, Record<string, string>> = {
  spans: {
    service: 'service_name',
    name: 'name',
    kind: 'kind',
    status: 'status_code',
    status_message: 'status_message',
    duration: 'duration_ns',
    trace_id: 'trace_id',
    span_id: 'span_id',
    parent_span_id: 'parent_span_id',
    scope: 'scope_name',
    scope_version: 'scope_version',
    trace_state: 'trace_state',
    start_time: 'start_time',
  },
  logs: {
    service: 'service_name',
    severity: 'severity_number',
    body: 'body',
    event_name: 'event_name',
    trace_id: 'trace_id',
    span_id: 'span_id',
    scope: 'scope_name',
    scope_version: 'scope_version',
    time: 'time',
  },
  metrics: {
    service: 'service_name',
    metric: 'metric_name',
    type: 'type',
    unit: 'unit',
    scope: 'scope_name',
  },
}

const shortNames = new Set(Object.values(columns).flatMap((table) => Object.keys(table)))

export const fieldsOf = (signal: SignalName): string[] => Object.keys(columns[signal])

const tokens = /^([^=!~<>?]+)(!=|!~|>=|<=|=|~|>|<|\?)([\s\S]*)$/

export function parseFilter(written: string): Filter | null {
  const match = tokens.exec(written)
  if (!match?.[1] || !match[2]) return null
  try {
    return { key: decodeURIComponent(match[1].trim()), op: match[2] as Operator, value: match[3] ?? '' }
  } catch {
    return null
  }
}

export function writeFilter({ key, op, value }: Filter): string {
  return `${key.replace(/[%=!~<>?]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}${op}${value}`
}

export const sameFilter = (left: Filter, right: Filter): boolean => writeFilter(left) === writeFilter(right)

export function appliesTo(filter: Filter, signal: SignalName): boolean {
  return !shortNames.has(filter.key) || filter.key in columns[signal]
}

export function filterCondition(filter: Filter, signal: SignalName): Sql | null {
  if (!appliesTo(filter, signal)) return null
  if (filter.key === 'severity') return severityCondition(filter)
  if (filter.key === 'duration') return durationCondition(filter)
  return compare(subjectOf(filter.key, signal), filter)
}

// What a key of a filter speaks of.
export function subjectOf(key: string, signal: SignalName): Sql {
  const name = columns[signal][key]
  return name ? identifier(name) : attributeOf(key)
}

export function filterConditions(filters: readonly Filter[], signal: SignalName): Sql[] {
  return filters.map((filter) => filterCondition(filter, signal)).filter((condition) => condition !== null)
}

export const where = (conditions: readonly Sql[]): Sql => sql`WHERE ${all(conditions)}`

function attributeOf(key: string): Sql {
  if (key.startsWith('resource:')) return attribute('resource_attributes', key.slice('resource:'.length))
  if (key.startsWith('scope:')) return attribute('scope_attributes', key.slice('scope:'.length))
  if (key.startsWith('.') && key.length > 1) return anywhere(key.slice(1))
  return attribute('attributes', key)
}

// `.key`: the attribute of the span or record, else that of its resource.
function anywhere(key: string): Sql {
  return sql`coalesce(CAST(${attribute('attributes', key)} AS VARCHAR), CAST(${attribute('resource_attributes', key)} AS VARCHAR))`
}

function compare(left: Sql, { op, value }: Filter): Sql {
  switch (op) {
    case '=':
      return value === '' ? sql`(${left} IS NULL OR ${left} = '')` : sql`${left} = ${text(value)}`
    case '!=':
      return value === '' ? sql`${left} <> ''` : sql`(${left} IS NULL OR ${left} <> ${text(value)})`
    case '~':
      return sql`CAST(${left} AS VARCHAR) ILIKE ${containing(value)}`
    case '!~':
      return sql`(${left} IS NULL OR CAST(${left} AS VARCHAR) NOT ILIKE ${containing(value)})`
    case '?':
      return sql`${left} IS NOT NULL`
    default:
      return ordered(left, op, value)
  }
}

function ordered(left: Sql, op: '>' | '>=' | '<' | '<=', value: string): Sql {
  const number = value.trim() === '' ? Number.NaN : Number(value)
  const right = Number.isFinite(number) ? decimal(number) : text(value)
  const subject = Number.isFinite(number) ? sql`TRY_CAST(${left} AS DOUBLE)` : left
  return orderedBy(subject, op, right)
}

function orderedBy(left: Sql, op: Operator, right: Sql): Sql {
  switch (op) {
    case '>':
      return sql`${left} > ${right}`
    case '>=':
      return sql`${left} >= ${right}`
    case '<':
      return sql`${left} < ${right}`
    case '<=':
      return sql`${left} <= ${right}`
    case '!=':
      return sql`${left} <> ${right}`
    default:
      return sql`${left} = ${right}`
  }
}

function durationCondition({ op, value }: Filter): Sql {
  const nanoseconds = parseDuration(value)
  if (nanoseconds === null) return sql`FALSE`
  return orderedBy(identifier('duration_ns'), op, integer(Math.round(nanoseconds)))
}

function severityCondition({ op, value }: Filter): Sql {
  const band = severityBand(value)
  const left = identifier('severity_number')
  if (!band) return sql`FALSE`
  const [low, high] = [integer(band.low), integer(band.high)]
  switch (op) {
    case '>=':
      return sql`${left} >= ${low}`
    case '>':
      return sql`${left} > ${high}`
    case '<=':
      return sql`${left} <= ${high}`
    case '<':
      return sql`${left} < ${low}`
    case '!=':
    case '!~':
      return sql`NOT (${left} BETWEEN ${low} AND ${high})`
    default:
      return sql`${left} BETWEEN ${low} AND ${high}`
  }
}
