// OTLP as JSON, as the Collector's file exporter and Tempo write it.
import type { SqlValue } from '../../../api/types'
import { asBigint, asId, asList, asObject, asText, type Loose } from './loose'
import type { Attributes, SpanRecord } from './record'

const kinds = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER']
const statuses = ['UNSET', 'OK', 'ERROR']

const numbered = (names: readonly string[], value: unknown, prefix: string): string =>
  (typeof value === 'number' ? names[value] : names.find((name) => asText(value) === prefix + name)) ?? (names[0] as string)

const resourceLists = (value: unknown): unknown[] => {
  const top = asObject(value)
  const whole = 'trace' in top ? asObject(top['trace']) : top
  return [...asList(whole['resourceSpans']), ...asList(whole['batches'])]
}

export const isOtlp = (value: unknown): boolean => resourceLists(value).length > 0

export function readOtlp(value: unknown): SpanRecord[] {
  const records: SpanRecord[] = []
  for (const one of resourceLists(value).map(asObject)) {
    const resource = readAttributes(asObject(one['resource'])['attributes'])
    for (const group of [...asList(one['scopeSpans']), ...asList(one['instrumentationLibrarySpans'])].map(asObject)) {
      const scope = asObject(group['scope'] ?? group['instrumentationLibrary'])
      for (const span of asList(group['spans']).map(asObject)) records.push(readSpan(span, resource, scope))
    }
  }
  return records
}

function readSpan(span: Loose, resource: Attributes, scope: Loose): SpanRecord {
  const status = asObject(span['status'])
  return {
    traceId: asId(span['traceId'], 16),
    spanId: asId(span['spanId'], 8),
    parentId: asId(span['parentSpanId'], 8) || null,
    name: asText(span['name']),
    kind: numbered(kinds, span['kind'], 'SPAN_KIND_'),
    service: asText(resource['service.name']) || 'unknown',
    start: asBigint(span['startTimeUnixNano']),
    end: asBigint(span['endTimeUnixNano']),
    status: numbered(statuses, status['code'], 'STATUS_CODE_'),
    statusMessage: asText(status['message']),
    traceState: asText(span['traceState']),
    attributes: readAttributes(span['attributes']),
    resource,
    scopeName: asText(scope['name']),
    scopeVersion: asText(scope['version']),
    scope: readAttributes(scope['attributes']),
    events: asList(span['events']).map(asObject).map((event) => ({ time: asBigint(event['timeUnixNano']), name: asText(event['name']), attributes: readAttributes(event['attributes']) })),
    links: asList(span['links']).map(asObject).map((link) => ({ traceId: asId(link['traceId'], 16), spanId: asId(link['spanId'], 8), attributes: readAttributes(link['attributes']) })),
  }
}

function readAttributes(value: unknown): Attributes {
  return Object.fromEntries(asList(value).map(asObject).map((pair) => [asText(pair['key']), readValue(asObject(pair['value']))]))
}

function readValue(value: Loose): SqlValue {
  if ('stringValue' in value) return asText(value['stringValue'])
  if ('boolValue' in value) return value['boolValue'] === true
  if ('intValue' in value) return exact(asBigint(value['intValue']))
  if ('doubleValue' in value) return Number(value['doubleValue'])
  if ('bytesValue' in value) return asText(value['bytesValue'])
  if ('arrayValue' in value) return asList(asObject(value['arrayValue'])['values']).map(asObject).map(readValue)
  if ('kvlistValue' in value) return readAttributes(asObject(value['kvlistValue'])['values'])
  return null
}

const exact = (value: bigint): SqlValue => (BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)) ? Number(value) : value.toString())

export function writeOtlp(records: readonly SpanRecord[]): object {
  const resources = new Map<string, Map<string, SpanRecord[]>>()
  for (const record of records) {
    const resource = JSON.stringify([record.service, record.resource])
    const scope = JSON.stringify([record.scopeName, record.scopeVersion, record.scope])
    const scopes = resources.get(resource) ?? new Map<string, SpanRecord[]>()
    const known = scopes.get(scope)
    if (known) known.push(record)
    else scopes.set(scope, [record])
    resources.set(resource, scopes)
  }
  return { resourceSpans: [...resources.values()].map(writeResource) }
}

function writeResource(scopes: ReadonlyMap<string, SpanRecord[]>): object {
  const groups = [...scopes.values()]
  const sample = groups[0]?.[0] as SpanRecord
  return {
    resource: { attributes: writeAttributes({ 'service.name': sample.service, ...sample.resource }) },
    scopeSpans: groups.map((records) => {
      const { scopeName, scopeVersion, scope } = records[0] as SpanRecord
      return { scope: { name: scopeName, version: scopeVersion, attributes: writeAttributes(scope) }, spans: records.map(writeSpan) }
    }),
  }
}

function writeSpan(record: SpanRecord): object {
  return {
    traceId: record.traceId,
    spanId: record.spanId,
    ...(record.parentId ? { parentSpanId: record.parentId } : {}),
    ...(record.traceState ? { traceState: record.traceState } : {}),
    name: record.name,
    kind: Math.max(0, kinds.indexOf(record.kind)),
    startTimeUnixNano: record.start.toString(),
    endTimeUnixNano: record.end.toString(),
    attributes: writeAttributes(record.attributes),
    events: record.events.map(({ time, name, attributes }) => ({ timeUnixNano: time.toString(), name, attributes: writeAttributes(attributes) })),
    links: record.links.map(({ traceId, spanId, attributes }) => ({ traceId, spanId, attributes: writeAttributes(attributes) })),
    status: { code: Math.max(0, statuses.indexOf(record.status)), ...(record.statusMessage ? { message: record.statusMessage } : {}) },
  }
}

const writeAttributes = (attributes: Attributes): object[] => Object.entries(attributes).map(([key, value]) => ({ key, value: writeValue(value) }))

function writeValue(value: SqlValue): object {
  if (value === null) return {}
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: value.toString() } : { doubleValue: value }
  if (typeof value === 'string') return { stringValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(writeValue) } }
  return { kvlistValue: { values: writeAttributes(value) } }
}
