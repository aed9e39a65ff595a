// Zipkin v2: a list of spans, tags are text, times are microseconds.
import { asBigint, asId, asList, asObject, asText, type Loose } from './loose'
import type { Attributes, SpanRecord } from './record'

const isSpan = (value: unknown): boolean => {
  const span = asObject(value)
  return 'traceId' in span && 'id' in span
}

// The API answers a list of spans, or a list of such lists.
const spanList = (value: unknown): Loose[] => asList(value).flat().filter(isSpan).map(asObject)

export const isZipkin = (value: unknown): boolean => spanList(value).length > 0

export const readZipkin = (value: unknown): SpanRecord[] => spanList(value).map(readSpan)

const ownTags = ['otel.status_code', 'otel.scope.name', 'otel.scope.version', 'otel.library.name', 'otel.library.version', 'w3c.tracestate']

function readSpan(span: Loose): SpanRecord {
  const local = asObject(span['localEndpoint'])
  const service = asText(local['serviceName']) || 'unknown'
  const tags = asObject(span['tags'])
  const tag = (name: string) => asText(tags[name])
  const start = asBigint(span['timestamp']) * 1000n
  const attributes: Attributes = {}
  for (const [key, value] of Object.entries(tags)) if (!ownTags.includes(key) && key !== 'error') attributes[key] = asText(value)
  const failed = 'error' in tags || tag('otel.status_code') === 'ERROR'
  const said = tag('error')
  return {
    traceId: asId(span['traceId'], 16),
    spanId: asId(span['id'], 8),
    parentId: asId(span['parentId'], 8) || null,
    name: asText(span['name']),
    kind: asText(span['kind']).toUpperCase() || 'INTERNAL',
    service, start,
    end: start + asBigint(span['duration']) * 1000n,
    status: failed ? 'ERROR' : tag('otel.status_code') || 'UNSET',
    statusMessage: said === 'true' ? '' : said,
    traceState: tag('w3c.tracestate'),
    attributes: { ...attributes, ...peerOf(asObject(span['remoteEndpoint'])) },
    resource: { 'service.name': service, ...(asText(local['ipv4']) ? { 'net.host.ip': asText(local['ipv4']) } : {}) },
    scopeName: tag('otel.scope.name') || tag('otel.library.name'),
    scopeVersion: tag('otel.scope.version') || tag('otel.library.version'),
    scope: {},
    events: asList(span['annotations']).map(asObject).map((note) => ({ time: asBigint(note['timestamp']) * 1000n, name: asText(note['value']), attributes: {} })),
    links: [],
  }
}

function peerOf(remote: Loose): Attributes {
  const pairs: [string, unknown][] = [['peer.service', remote['serviceName']], ['network.peer.address', remote['ipv4'] ?? remote['ipv6']], ['network.peer.port', remote['port']]]
  return Object.fromEntries(pairs.filter(([, value]) => asText(value) !== '').map(([key, value]) => [key, asText(value)]))
}

export const writeZipkin = (records: readonly SpanRecord[]): object[] => {
  const calls = new Set(records.filter(({ kind }) => kind === 'CLIENT' || kind === 'PRODUCER').map(({ spanId }) => spanId))
  return records.map((record) => writeSpan(record, calls))
}

function writeSpan(record: SpanRecord, calls: ReadonlySet<string>): object {
  const called = record.kind === 'SERVER' || record.kind === 'CONSUMER'
  const peer = record.attributes['peer.service']
  return {
    traceId: record.traceId,
    id: record.spanId,
    ...(record.parentId ? { parentId: record.parentId } : {}),
    name: record.name,
    ...(record.kind === 'INTERNAL' || record.kind === 'UNSPECIFIED' ? {} : { kind: record.kind }),
    timestamp: Number(record.start / 1000n),
    duration: Math.max(1, Number((record.end - record.start) / 1000n)),
    ...(called && calls.has(record.spanId) ? { shared: true } : {}),
    localEndpoint: { serviceName: record.service },
    ...(typeof peer === 'string' ? { remoteEndpoint: { serviceName: peer } } : {}),
    annotations: record.events.map(({ time, name }) => ({ timestamp: Number(time / 1000n), value: name })),
    tags: tagsOf(record),
  }
}

function tagsOf(record: SpanRecord): Record<string, string> {
  const tags: Record<string, string> = {}
  for (const [key, value] of Object.entries(record.attributes)) if (value !== null) tags[key] = typeof value === 'object' ? JSON.stringify(value) : String(value)
  if (record.status !== 'UNSET') tags['otel.status_code'] = record.status
  if (record.status === 'ERROR') tags['error'] = record.statusMessage || 'true'
  if (record.scopeName) tags['otel.scope.name'] = record.scopeName
  if (record.scopeVersion) tags['otel.scope.version'] = record.scopeVersion
  if (record.traceState) tags['w3c.tracestate'] = record.traceState
  return tags
}
