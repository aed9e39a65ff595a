// The JSON of Jaeger's own query API; times are microseconds.
import type { SqlValue } from '../../../api/types'
import { asBigint, asId, asList, asObject, asText, type Loose } from './loose'
import type { Attributes, SpanLink, SpanRecord } from './record'

const traceList = (value: unknown): Loose[] => {
  const data = asObject(value)['data']
  return (Array.isArray(data) ? data : Array.isArray(value) ? value : [value]).map(asObject).filter((trace) => Array.isArray(trace['spans']) && 'processes' in trace)
}

export const isJaeger = (value: unknown): boolean => traceList(value).length > 0

export function readJaeger(value: unknown): SpanRecord[] {
  return traceList(value).flatMap((trace) => {
    const processes = asObject(trace['processes'])
    return asList(trace['spans']).map(asObject).map((span) => readSpan(span, asObject(span['process'] ?? processes[asText(span['processID'])])))
  })
}

function readSpan(span: Loose, process: Loose): SpanRecord {
  const traceId = asId(span['traceID'], 16)
  const { own, tags } = splitTags(readTags(span['tags']))
  const { parentId, links } = readReferences(span, traceId)
  const service = asText(process['serviceName']) || 'unknown'
  const start = asBigint(span['startTime']) * 1000n
  const failed = own['otel.status_code'] === 'ERROR' || tags['error'] === true || tags['error'] === 'true'
  return {
    traceId, parentId, links, start, service,
    spanId: asId(span['spanID'], 8),
    name: asText(span['operationName']),
    kind: asText(own['span.kind']).toUpperCase() || 'INTERNAL',
    end: start + asBigint(span['duration']) * 1000n,
    status: failed ? 'ERROR' : asText(own['otel.status_code']) || 'UNSET',
    statusMessage: asText(own['otel.status_description']),
    traceState: asText(own['w3c.tracestate']),
    attributes: tags,
    resource: { 'service.name': service, ...readTags(process['tags']) },
    scopeName: asText(own['otel.scope.name']) || asText(own['otel.library.name']),
    scopeVersion: asText(own['otel.scope.version']) || asText(own['otel.library.version']),
    scope: {},
    events: asList(span['logs']).map(asObject).map((log) => {
      const { event, ...attributes } = readTags(log['fields'])
      return { time: asBigint(log['timestamp']) * 1000n, name: asText(event) || 'log', attributes }
    }),
  }
}

const ownTags = ['span.kind', 'otel.status_code', 'otel.status_description', 'w3c.tracestate', 'otel.scope.name', 'otel.scope.version', 'otel.library.name', 'otel.library.version']

function splitTags(all: Attributes): { own: Attributes; tags: Attributes } {
  const own: Attributes = {}
  const tags: Attributes = {}
  for (const [key, value] of Object.entries(all)) (ownTags.includes(key) ? own : tags)[key] = value
  if (own['otel.status_code'] === 'ERROR' && tags['error'] === true) delete tags['error']
  return { own, tags }
}

// The first CHILD_OF of this trace is the parent, else the first FOLLOWS_FROM; what is left are links.
function readReferences(span: Loose, traceId: string): { parentId: string | null; links: SpanLink[] } {
  const references = asList(span['references']).map(asObject).map((reference) => ({
    childOf: reference['refType'] !== 'FOLLOWS_FROM',
    traceId: asId(reference['traceID'], 16) || traceId,
    spanId: asId(reference['spanID'], 8),
  }))
  const here = references.filter((reference) => reference.traceId === traceId)
  const parent = here.find(({ childOf }) => childOf) ?? here[0]
  const links = references.filter((reference) => reference !== parent).map((reference) => ({ traceId: reference.traceId, spanId: reference.spanId, attributes: {} }))
  return { parentId: parent?.spanId || asId(span['parentSpanID'], 8) || null, links }
}

const readTags = (value: unknown): Attributes =>
  Object.fromEntries(asList(value).map(asObject).map((tag) => [asText(tag['key']), readTag(tag)]))

function readTag({ type, value }: Loose): SqlValue {
  if (type === 'bool') return value === true || value === 'true'
  if (type === 'int64' || type === 'float64') return Number.isSafeInteger(Number(value)) || type === 'float64' ? Number(value) : asText(value)
  return value !== null && typeof value === 'object' ? JSON.stringify(value) : asText(value)
}

export function writeJaeger(records: readonly SpanRecord[]): object {
  const traces = new Map<string, SpanRecord[]>()
  for (const record of records) {
    const known = traces.get(record.traceId)
    if (known) known.push(record)
    else traces.set(record.traceId, [record])
  }
  return { data: [...traces].map(([traceID, spans]) => writeTrace(traceID, spans)), total: traces.size, limit: 0, offset: 0, errors: null }
}

function writeTrace(traceID: string, records: readonly SpanRecord[]): object {
  const processIds = new Map<string, string>()
  const processes: Record<string, object> = {}
  const spans = records.map((record) => {
    const text = JSON.stringify([record.service, record.resource])
    const processID = processIds.get(text) ?? `p${processIds.size + 1}`
    if (!processIds.has(text)) {
      processIds.set(text, processID)
      const { 'service.name': _, ...rest } = record.resource
      processes[processID] = { serviceName: record.service, tags: writeTags(rest) }
    }
    return writeSpan(record, processID)
  })
  return { traceID, spans, processes, warnings: null }
}

function writeSpan(record: SpanRecord, processID: string): object {
  const parent = record.parentId ? [{ refType: 'CHILD_OF', traceID: record.traceId, spanID: record.parentId }] : []
  return {
    traceID: record.traceId,
    spanID: record.spanId,
    operationName: record.name,
    references: [...parent, ...record.links.map(({ traceId, spanId }) => ({ refType: 'FOLLOWS_FROM', traceID: traceId, spanID: spanId }))],
    startTime: Number(record.start / 1000n),
    duration: Number((record.end - record.start) / 1000n),
    tags: [...writeTags(record.attributes), ...writeTags(tagsOf(record))],
    logs: record.events.map(({ time, name, attributes }) => ({ timestamp: Number(time / 1000n), fields: writeTags({ event: name, ...attributes }) })),
    processID,
    warnings: null,
  }
}

function tagsOf(record: SpanRecord): Attributes {
  const tags: Attributes = {
    'span.kind': record.kind.toLowerCase(),
    'otel.status_code': record.status === 'UNSET' ? '' : record.status,
    'otel.status_description': record.statusMessage,
    'w3c.tracestate': record.traceState,
    'otel.scope.name': record.scopeName,
    'otel.scope.version': record.scopeVersion,
  }
  const said = Object.entries(tags).filter(([, value]) => value !== '')
  return { ...Object.fromEntries(said), ...(record.status === 'ERROR' ? { error: true } : {}) }
}

const writeTags = (attributes: Attributes): object[] => Object.entries(attributes).map(([key, value]) => {
  if (typeof value === 'boolean') return { key, type: 'bool', value }
  if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'int64' : 'float64', value }
  return { key, type: 'string', value: typeof value === 'object' ? JSON.stringify(value) : value }
})
