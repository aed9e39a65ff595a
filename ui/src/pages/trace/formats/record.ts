// One span with everything it says, whatever format it was written in.
import type { Row } from '../../../api/client'
import type { SqlValue } from '../../../api/types'
import { parseTime, writeTime } from '../../../time/nanoseconds'
import type { SpanColumns } from '../model'
import { makeTrace, type Trace } from '../trace'

export type Attributes = Record<string, SqlValue>

export interface SpanEvent {
  time: bigint
  name: string
  attributes: Attributes
}

export interface SpanLink {
  traceId: string
  spanId: string
  attributes: Attributes
}

export interface SpanRecord {
  traceId: string
  spanId: string
  parentId: string | null
  name: string
  kind: string
  service: string
  start: bigint
  end: bigint
  status: string
  statusMessage: string
  traceState: string
  attributes: Attributes
  resource: Attributes
  scopeName: string
  scopeVersion: string
  scope: Attributes
  events: SpanEvent[]
  links: SpanLink[]
}

export class FormatError extends Error {}

const object = (value: SqlValue | undefined): Attributes => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {})
const list = (value: SqlValue | undefined): SqlValue[] => (Array.isArray(value) ? value : [])
const word = (value: SqlValue | undefined): string => (value === null || value === undefined ? '' : String(value))

export function readRow(row: Row): SpanRecord {
  return {
    traceId: word(row['trace_id']),
    spanId: word(row['span_id']),
    parentId: word(row['parent_span_id']) || null,
    name: word(row['name']),
    kind: word(row['kind']) || 'UNSPECIFIED',
    service: word(row['service_name']) || 'unknown',
    start: parseTime(word(row['start_time'])),
    end: parseTime(word(row['end_time'])),
    status: word(row['status_code']) || 'UNSET',
    statusMessage: word(row['status_message']),
    traceState: word(row['trace_state']),
    attributes: object(row['attributes']),
    resource: object(row['resource_attributes']),
    scopeName: word(row['scope_name']),
    scopeVersion: word(row['scope_version']),
    scope: object(row['scope_attributes']),
    events: list(row['events']).map(object).map((event) => ({ time: parseTime(word(event['time'])), name: word(event['name']), attributes: object(event['attributes']) })),
    links: list(row['links']).map(object).map((link) => ({ traceId: word(link['trace_id']), spanId: word(link['span_id']), attributes: object(link['attributes']) })),
  }
}

// The record as a row of the table `spans`, so that one drawer shows both.
export function recordRow(record: SpanRecord): Row {
  return {
    trace_id: record.traceId, span_id: record.spanId, parent_span_id: record.parentId, trace_state: record.traceState || null,
    name: record.name, kind: record.kind, service_name: record.service,
    start_time: writeTime(record.start), end_time: writeTime(record.end), duration_ns: Number(record.end - record.start),
    status_code: record.status, status_message: record.statusMessage || null,
    attributes: record.attributes, resource_attributes: record.resource,
    scope_name: record.scopeName || null, scope_version: record.scopeVersion || null, scope_attributes: record.scope,
    events: record.events.map(({ time, name, attributes }) => ({ time: writeTime(time), name, attributes })),
    links: record.links.map(({ traceId, spanId, attributes }) => ({ trace_id: traceId, span_id: spanId, attributes })),
  }
}

export function traceOfRecords(records: readonly SpanRecord[]): Trace {
  const sorted = [...records].sort((left, right) => (left.start < right.start ? -1 : left.start > right.start ? 1 : 0))
  const origin = sorted[0]?.start ?? 0n
  const spans: SpanColumns = {
    ids: sorted.map(({ spanId }) => spanId),
    parents: sorted.map(({ parentId }) => parentId),
    names: sorted.map(({ name }) => name),
    services: sorted.map(({ service }) => service),
    kinds: sorted.map(({ kind }) => kind),
    starts: Float64Array.from(sorted, ({ start }) => Number(start - origin)),
    durations: Float64Array.from(sorted, ({ start, end }) => Number(end - start)),
    errors: sorted.map(({ status }) => status === 'ERROR'),
  }
  return makeTrace(spans, origin, false)
}
