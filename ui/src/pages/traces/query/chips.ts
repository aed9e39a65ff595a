// The filters that all pages share, as comparisons of TraceQL and back. A comparison becomes a filter
// only when that filter would be written as the same comparison, so nothing changes its meaning.
import { parseDuration } from '../../../time/duration'
import type { Filter, Operator } from '../../../sql/filter'
import { isNil, kinds, sameComparison, statuses, writeDuration, type Comparator, type Comparison, type Constant, type Field } from './comparison'

// The type of an attribute's values, by the key of its filter: as the schema of the lake says.
export type TypeOf = (key: string) => string | undefined

const columns: readonly [string, Field][] = [
  ['service', { parent: false, scope: 'resource', key: 'service.name' }],
  ['name', { intrinsic: 'name' }],
  ['kind', { intrinsic: 'kind' }],
  ['status', { intrinsic: 'status' }],
  ['status_message', { intrinsic: 'statusMessage' }],
  ['duration', { intrinsic: 'duration' }],
  ['trace_id', { intrinsic: 'trace:id' }],
  ['span_id', { intrinsic: 'span:id' }],
  ['parent_span_id', { intrinsic: 'span:parentID' }],
  ['scope', { intrinsic: 'instrumentation:name' }],
  ['scope_version', { intrinsic: 'instrumentation:version' }],
]
const fieldOfColumn = new Map(columns)
const untold = new Set(['trace_state', 'start_time'])
// Every span has these, so that their absence needs no mention.
const alwaysThere = new Set(['service', 'name', 'kind', 'status', 'duration', 'trace_id', 'span_id'])
const prefixes: readonly [string, 'resource' | 'instrumentation' | ''][] = [['resource:', 'resource'], ['scope:', 'instrumentation'], ['.', '']]

function fieldOf(key: string): Field | null {
  if (untold.has(key)) return null
  const column = fieldOfColumn.get(key)
  if (column) return column
  for (const [prefix, scope] of prefixes) {
    if (key.startsWith(prefix) && key.length > prefix.length) return { parent: false, scope, key: key.slice(prefix.length) }
  }
  return key === '' ? null : { parent: false, scope: 'span', key }
}

export function keyOf(field: Field): string | null {
  if ('intrinsic' in field) return columns.find(([, column]) => 'intrinsic' in column && column.intrinsic === field.intrinsic)?.[0] ?? null
  if (field.parent) return null
  if (field.scope === 'resource') return field.key === 'service.name' ? 'service' : `resource:${field.key}`
  if (field.scope === 'instrumentation') return `scope:${field.key}`
  if (field.scope === '') return `.${field.key}`
  return field.scope === 'span' ? field.key : null
}

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/.test(text)

function constantOf(key: string, value: string, typeOf: TypeOf): Constant | null {
  if (key === 'status') return wordAmong(statuses, value)
  if (key === 'kind') return wordAmong(kinds, value)
  if (key === 'duration') {
    const ns = parseDuration(value)
    return ns === null ? null : { kind: 'duration', ns: Math.round(ns) }
  }
  const type = fieldOfColumn.has(key) ? 'Utf8' : typeOf(key)
  if (type !== 'Utf8' && isNumber(value)) return { kind: 'number', text: value }
  if (type !== 'Utf8' && (value === 'true' || value === 'false')) return { kind: 'word', text: value }
  return { kind: 'string', text: value }
}

function wordAmong(words: readonly string[], value: string): Constant | null {
  const word = value.toLowerCase()
  return words.includes(word) ? { kind: 'word', text: word } : null
}

const nil: Constant = { kind: 'word', text: 'nil' }
const containsStart = '(?is).*'
const containsEnd = '.*'

const escapePattern = (text: string): string => text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')

function containing(text: string): Constant {
  return { kind: 'string', text: containsStart + escapePattern(text) + containsEnd }
}

function contained(pattern: string): string | null {
  if (!pattern.startsWith(containsStart) || !pattern.endsWith(containsEnd) || pattern.length < containsStart.length + containsEnd.length) return null
  const inner = pattern.slice(containsStart.length, -containsEnd.length).replace(/\\([\\^$.|?*+()[\]{}])/g, '$1')
  return escapePattern(inner) === pattern.slice(containsStart.length, -containsEnd.length) ? inner : null
}

// Null when TraceQL has no words for the filter.
export function comparisonOf({ key, op, value }: Filter, typeOf: TypeOf): Comparison | null {
  const field = fieldOf(key)
  if (!field) return null
  const absent = alwaysThere.has(key) ? {} : { orMissing: true }
  if (op === '?') return { field, op: '!=', value: nil }
  if (op === '~') return { field, op: '=~', value: containing(value) }
  if (op === '!~') return { field, op: '!~', value: containing(value), ...absent }
  if (value === '' && !['status', 'kind', 'duration'].includes(key)) {
    const empty: Constant = { kind: 'string', text: '' }
    return op === '=' ? { field, op, value: empty, ...absent } : { field, op, value: empty }
  }
  const constant = constantOf(key, value, typeOf)
  if (!constant) return null
  return { field, op, value: constant, ...(op === '!=' ? absent : {}) }
}

// Null when no filter means the same.
export function filterOf(comparison: Comparison, typeOf: TypeOf): Filter | null {
  const key = keyOf(comparison.field)
  if (key === null) return null
  const filter = candidate(key, comparison)
  const again = filter && comparisonOf(filter, typeOf)
  return again && sameComparison(again, comparison) ? filter : null
}

function candidate(key: string, { op, value }: Comparison): Filter | null {
  if (isNil(value)) return op === '!=' ? { key, op: '?', value: '' } : null
  if (op === '=~' || op === '!~') {
    const inner = value.kind === 'string' ? contained(value.text) : null
    return inner === null ? null : { key, op: op === '=~' ? '~' : '!~', value: inner }
  }
  return { key, op: plainOperator(op), value: textOf(key, value) }
}

const plainOperator = (op: Exclude<Comparator, '=~' | '!~'>): Operator => op

function textOf(key: string, value: Constant): string {
  if (value.kind === 'duration') return writeDuration(value.ns)
  if (key === 'duration' && value.kind === 'number') return `${value.text}ns`
  return key === 'status' || key === 'kind' ? value.text.toUpperCase() : value.text
}

export interface Written {
  comparisons: Comparison[]
  unwritten: Filter[]
}

export function comparisonsOf(filters: readonly Filter[], typeOf: TypeOf): Written {
  const written: Written = { comparisons: [], unwritten: [] }
  for (const filter of filters) {
    const comparison = comparisonOf(filter, typeOf)
    if (comparison) written.comparisons.push(comparison)
    else written.unwritten.push(filter)
  }
  return written
}

// All comparisons as filters, or null when one of them has none.
export function filtersOf(comparisons: readonly Comparison[], typeOf: TypeOf): Filter[] | null {
  const filters = comparisons.map((comparison) => filterOf(comparison, typeOf))
  return filters.every((filter) => filter !== null) ? filters : null
}
