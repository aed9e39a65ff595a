// A log record as the pages know it.
import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'
import { bandOf } from '../../sql/severity'
import { parseTime, writeTime } from '../../time/nanoseconds'

export interface LogRecord {
  key: string
  time: bigint
  observed: bigint | null
  severity: number
  severityText: string
  service: string
  body: string
  bodyBytes: number // of the whole body, of which `body` may be the beginning
  bodyCut: boolean
  traceId: string | null
  spanId: string | null
  eventName: string | null
  scope: string | null
  dropped: number // attributes that were over a limit
  attributes: Record<string, SqlValue>
  resource: Record<string, SqlValue>
}

let counter = 0

const textOrNull = (value: SqlValue | undefined): string | null => (value === null || value === undefined || value === '' ? null : String(value))

export function readRecord(row: Row): LogRecord {
  counter += 1
  const body = String(row['body'] ?? '')
  const observed = textOrNull(row['observed_time'])
  return {
    key: String(counter),
    time: parseTime(String(row['time'])),
    observed: observed === null ? null : parseTime(observed),
    severity: Number(row['severity_number'] ?? 0),
    severityText: String(row['severity_text'] ?? ''),
    service: String(row['service_name'] ?? ''),
    body,
    bodyBytes: Number(row['body_bytes'] ?? body.length),
    bodyCut: row['body_cut'] === true,
    traceId: textOrNull(row['trace_id']),
    spanId: textOrNull(row['span_id']),
    eventName: textOrNull(row['event_name']),
    scope: textOrNull(row['scope_name']),
    dropped: Number(row['dropped_attributes_count'] ?? 0),
    attributes: (row['attributes'] ?? {}) as Record<string, SqlValue>,
    resource: (row['resource_attributes'] ?? {}) as Record<string, SqlValue>,
  }
}

const written = (value: SqlValue | undefined): string | null =>
  value === null || value === undefined ? null : typeof value === 'object' ? JSON.stringify(value) : String(value)

// The value of a field by the names that filters know, as text; null where there is none.
export function fieldOf(record: LogRecord, key: string): string | null {
  switch (key) {
    case 'service':
      return record.service === '' ? null : record.service
    case 'severity':
      return bandOf(record.severity).name
    case 'body':
      return record.body
    case 'trace_id':
      return record.traceId
    case 'span_id':
      return record.spanId
    case 'event_name':
      return record.eventName
    case 'scope':
      return record.scope
    case 'time':
      return writeTime(record.time)
  }
  if (key.startsWith('resource:')) return written(record.resource[key.slice('resource:'.length)])
  if (key.startsWith('.')) return written(record.attributes[key.slice(1)]) ?? written(record.resource[key.slice(1)])
  return written(record.attributes[key])
}

export type Mark = 'cut' | 'invalid' | 'dropped' | 'ahead' | 'timed'

// Apart from that the clock of a sender may be off by this much before anything is said about it.
const clockSlack = 60_000_000_000n
// What the server writes down beside a record that it could not keep as it was.
const bodySentBytes = 'luneta.body.sent_bytes'
const timeSent = 'luneta.time.sent'

// What is not as it was sent, or cannot be right.
export function marksOf(record: LogRecord): Mark[] {
  const marks: Mark[] = []
  if (bodySentBytes in record.attributes) marks.push('cut')
  if (record.body.includes('\uFFFD')) marks.push('invalid')
  if (record.dropped > 0) marks.push('dropped')
  if (timeSent in record.attributes) marks.push('timed')
  if (record.observed !== null && record.time > record.observed + clockSlack) marks.push('ahead')
  return marks
}

// The resource's fields that tell one running copy of a service from the others, the closest first.
const instanceKeys = ['service.instance.id', 'k8s.pod.uid', 'k8s.pod.name', 'container.id', 'host.id', 'host.name']

export function instanceOf(record: LogRecord): { key: string; value: string } | null {
  for (const key of instanceKeys) {
    const value = written(record.resource[key])
    if (value) return { key: `resource:${key}`, value }
  }
  return null
}
