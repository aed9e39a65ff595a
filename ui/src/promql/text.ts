// Where text becomes PromQL: names, strings and matchers are quoted here and nowhere else.
import type { Filter } from '../sql/filter'

export type MatchOperator = '=' | '!=' | '=~' | '!~'

export interface Matcher {
  label: string
  op: MatchOperator
  value: string
}

const plainMetric = /^[A-Za-z_:][A-Za-z0-9_:]*$/
const plainLabel = /^[A-Za-z_][A-Za-z0-9_]*$/

export const quoted = (value: string): string => `"${value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`

export const labelName = (name: string): string => (plainLabel.test(name) ? name : quoted(name))

// A value that a regular expression matches as it stands.
export const literally = (value: string): string => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

export const writeMatcher = ({ label, op, value }: Matcher): string => `${labelName(label)}${op}${quoted(value)}`

export function selector(metric: string, matchers: readonly Matcher[] = []): string {
  const written = matchers.map(writeMatcher)
  if (metric !== '' && !plainMetric.test(metric)) return `{${[quoted(metric), ...written].join(', ')}}`
  return written.length === 0 ? metric || '{__name__!=""}' : `${metric}{${written.join(', ')}}`
}

export const by = (labels: readonly string[]): string => (labels.length === 0 ? '' : ` by (${labels.map(labelName).join(', ')})`)

// Duration in seconds as PromQL writes it.
export function promDuration(seconds: number): string {
  if (!Number.isInteger(seconds)) return `${Math.max(1, Math.round(seconds * 1000))}ms`
  for (const [size, unit] of [[86_400, 'd'], [3600, 'h'], [60, 'm']] as const) if (seconds >= size && seconds % size === 0) return `${seconds / size}${unit}`
  return `${seconds}s`
}

const durationParts = /(\d+(?:\.\d+)?)(ms|[smhdwy])/g
const partSeconds: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800, y: 31_536_000 }

// Seconds of `5m`, `1h30m` or `15`; null when it is none.
export function readPromDuration(written: string): number | null {
  const text = written.trim()
  if (/^\d+(?:\.\d+)?$/.test(text)) return Number(text) > 0 ? Number(text) : null
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+$/.test(text)) return null
  let total = 0
  for (const [, amount, unit] of text.matchAll(durationParts)) total += Number(amount) * (partSeconds[unit ?? ''] ?? 0)
  return total > 0 ? total : null
}

// The label that an attribute becomes.
export function labelOfAttribute(key: string): string {
  const bare = key.replace(/^(?:resource:|scope:|\.)/, '')
  const escaped = bare.replace(/[^A-Za-z0-9_]/g, '_')
  return /^\d/.test(escaped) ? `key_${escaped}` : escaped
}

// What spans are counted by have labels and words of their own.
const fromSpans = /^traces_(?:spanmetrics|service_graph)_/

const spanLabels: Record<string, string> = { service: 'service', name: 'span_name', kind: 'span_kind', status: 'status_code' }
const pointLabels: Record<string, string> = { service: 'service_name', metric: '__name__', scope: 'otel_scope_name', 'resource:service.name': 'service_name', 'service.instance.id': 'instance', 'resource:service.instance.id': 'instance' }
// Fields of other signals, which no point has.
const elsewhere = new Set(['type', 'unit', 'kind', 'status', 'duration', 'severity', 'body', 'trace_id', 'span_id', 'event_name', 'status_message'])

function labelOfFilter(key: string, metric: string): string | null {
  if (fromSpans.test(metric)) return spanLabels[key.replace(/^(?:resource:)?service\.name$/, 'service')] ?? labelOfAttribute(key)
  return pointLabels[key] ?? (elsewhere.has(key) ? null : labelOfAttribute(key))
}

function valueOfFilter(key: string, value: string, metric: string): string {
  if (!fromSpans.test(metric)) return value
  if (key === 'kind') return `SPAN_KIND_${value}`
  return key === 'status' ? `STATUS_CODE_${value}` : value
}

// The way back, for a value that is shown.
export function filterValueOf(label: string, metric: string, value: string): string {
  if (!fromSpans.test(metric)) return value
  return label === 'span_kind' ? value.replace(/^SPAN_KIND_/, '') : label === 'status_code' ? value.replace(/^STATUS_CODE_/, '') : value
}

// A filter of the page as a matcher; null for one that labels cannot say, as `duration > 5s`.
export function matcherOf({ key, op, value: written }: Filter, metric: string): Matcher | null {
  const label = labelOfFilter(key, metric)
  if (label === null) return null
  const value = valueOfFilter(key, written, metric)
  switch (op) {
    case '=':
    case '!=':
      return { label, op, value }
    case '~':
      return { label, op: '=~', value: `(?i).*${literally(written)}.*` }
    case '!~':
      return { label, op: '!~', value: `(?i).*${literally(written)}.*` }
    case '?':
      return { label, op: '!=', value: '' }
    default:
      return null
  }
}

export const matchersOf = (filters: readonly Filter[], metric: string): Matcher[] => filters.flatMap((filter) => matcherOf(filter, metric) ?? [])

// Names that filters have for themselves; an attribute called so is meant behind a dot.
const reserved = new Set([...elsewhere, ...Object.keys(spanLabels), ...Object.keys(pointLabels), 'time', 'start_time', 'scope_version', 'parent_span_id', 'trace_state'])

// The filter that says the same as a label with a value, on every page: attributes by their own names.
export function filterKeyOf(label: string, metric: string, attributeKeys: readonly string[]): string {
  const table = fromSpans.test(metric) ? spanLabels : pointLabels
  const short = Object.entries(table).find(([, known]) => known === label)?.[0]
  if (short) return short
  const key = attributeKeys.find((known) => labelOfAttribute(known) === label) ?? label
  return reserved.has(key) ? `.${key}` : key
}
