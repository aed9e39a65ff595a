// The filter model over spans of a file; the server does the same for stored ones.
import type { SqlValue } from '../../../api/types'
import type { Filter } from '../../../sql/filter'
import { parseDuration } from '../../../time/duration'
import type { SpanRecord } from '../formats/record'

const fields: Readonly<Record<string, (record: SpanRecord) => SqlValue>> = {
  service: ({ service }) => service,
  name: ({ name }) => name,
  kind: ({ kind }) => kind,
  status: ({ status }) => status,
  status_message: ({ statusMessage }) => statusMessage,
  trace_id: ({ traceId }) => traceId,
  span_id: ({ spanId }) => spanId,
  parent_span_id: ({ parentId }) => parentId,
  trace_state: ({ traceState }) => traceState,
  scope: ({ scopeName }) => scopeName,
  scope_version: ({ scopeVersion }) => scopeVersion,
  duration: ({ start, end }) => Number(end - start),
}

function valueOf(record: SpanRecord, key: string): SqlValue {
  const field = fields[key]
  if (field) return field(record)
  if (key.startsWith('resource:')) return record.resource[key.slice('resource:'.length)] ?? null
  if (key.startsWith('scope:')) return record.scope[key.slice('scope:'.length)] ?? null
  return record.attributes[key] ?? null
}

export function matchesFilter(record: SpanRecord, { key, op, value }: Filter): boolean {
  const found = valueOf(record, key)
  const text = found === null ? '' : typeof found === 'object' ? JSON.stringify(found) : String(found)
  const wanted = key === 'duration' ? String(parseDuration(value) ?? NaN) : value
  if (op === '?') return found !== null
  if (op === '=') return text === wanted
  if (op === '!=') return text !== wanted
  if (op === '~' || op === '!~') return text.toLowerCase().includes(wanted.toLowerCase()) === (op === '~')
  if (found === null) return false
  const numbers = wanted.trim() !== '' && Number.isFinite(Number(wanted))
  const [left, right] = numbers ? [Number(text), Number(wanted)] : [text, wanted]
  if (op === '>') return left > right
  if (op === '>=') return left >= right
  return op === '<' ? left < right : left <= right
}
