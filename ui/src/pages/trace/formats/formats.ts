// The table of trace formats: how each is recognised, read and written.
import { isJaeger, readJaeger, writeJaeger } from './jaeger'
import { isOtlp, readOtlp, writeOtlp } from './otlp'
import { FormatError, type SpanRecord } from './record'
import { isZipkin, readZipkin, writeZipkin } from './zipkin'

export type FormatId = 'otlp' | 'jaeger' | 'zipkin'

interface Format {
  id: FormatId
  title: string
  is: (value: unknown) => boolean
  read: (value: unknown) => SpanRecord[]
  write: (records: readonly SpanRecord[]) => object
}

export const formats: readonly Format[] = [
  { id: 'otlp', title: 'OTLP', is: isOtlp, read: readOtlp, write: writeOtlp },
  { id: 'jaeger', title: 'Jaeger', is: isJaeger, read: readJaeger, write: writeJaeger },
  { id: 'zipkin', title: 'Zipkin', is: isZipkin, read: readZipkin, write: writeZipkin },
]

export const writeAs = (id: FormatId, records: readonly SpanRecord[]): string =>
  JSON.stringify(formats.find((format) => format.id === id)?.write(records), null, 2)

// Whole text is one JSON document, or one per line as the Collector's file exporter writes.
export function readFile(text: string): SpanRecord[] {
  const records = parseDocuments(text).flatMap((document) => formats.find((format) => format.is(document))?.read(document) ?? [])
  const spans = records.filter(({ spanId }) => spanId !== '')
  if (spans.length === 0) throw new FormatError('no spans: neither OTLP, Jaeger nor Zipkin JSON')
  return spans
}

function parseDocuments(text: string): unknown[] {
  try {
    return [JSON.parse(text)]
  } catch (cause) {
    try {
      return text.split('\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as unknown)
    } catch {
      throw new FormatError(cause instanceof Error ? cause.message : String(cause))
    }
  }
}

// Traces of a file, largest first.
export function tracesOf(records: readonly SpanRecord[]): { traceId: string; records: SpanRecord[] }[] {
  const traces = new Map<string, SpanRecord[]>()
  for (const record of records) {
    const known = traces.get(record.traceId)
    if (known) known.push(record)
    else traces.set(record.traceId, [record])
  }
  return [...traces].map(([traceId, own]) => ({ traceId, records: own })).sort((left, right) => right.records.length - left.records.length)
}
