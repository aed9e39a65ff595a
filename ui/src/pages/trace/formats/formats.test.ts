import { describe, expect, it } from 'vitest'
import { formats, readFile, tracesOf, writeAs } from './formats'
import { readRow, recordRow, traceOfRecords, type SpanRecord } from './record'

const base: SpanRecord = {
  traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', parentId: null, name: 'GET /spam', kind: 'SERVER', service: 'spam',
  start: 1_700_000_000_000_001_000n, end: 1_700_000_000_250_001_000n, status: 'ERROR', statusMessage: 'pan on fire', traceState: 'a=1',
  attributes: { 'http.route': '/spam' }, resource: { 'service.name': 'spam' },
  scopeName: 'http', scopeVersion: '1.2', scope: {}, events: [{ time: 1_700_000_000_100_000_000n, name: 'sizzle', attributes: {} }], links: [],
}
const child: SpanRecord = {
  ...base, spanId: '00f067aa0ba902b7', parentId: base.spanId, name: 'SELECT', kind: 'CLIENT', status: 'UNSET', statusMessage: '', events: [],
  attributes: { 'db.query.text': "SELECT '</script>'" },
}
const rich: SpanRecord = {
  ...child,
  attributes: { text: 'é', whole: 7, real: 1.5, yes: true, list: ['a', 1], map: { deep: false }, big: '9007199254740993' },
  scope: { tier: 'x' }, resource: { 'service.name': 'spam', 'host.name': 'pan' },
  links: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', attributes: {} }],
  events: [{ time: 1_700_000_000_100_000_001n, name: 'exception', attributes: { 'exception.type': 'Boom' } }],
}

describe('every format reads what it wrote', () => {
  for (const { id } of formats) it(id, () => expect(readFile(writeAs(id, [base, child]))).toEqual([base, child]))
  it('OTLP keeps every type, scope, link and nanosecond', () => {
    expect(readFile(writeAs('otlp', [rich]))).toEqual([rich])
  })
  it('Jaeger keeps links and types of scalars', () => {
    const [read] = readFile(writeAs('jaeger', [rich]))
    expect(read).toMatchObject({ links: rich.links, attributes: { whole: 7, real: 1.5, yes: true, list: '["a",1]' }, resource: rich.resource })
  })
  it('rows of the table too', () => expect(readRow(recordRow(rich))).toEqual(rich))
})

const foreign: [what: string, text: string, found: object[]][] = [
  [
    'OTLP with names for numbers and ids in base64',
    '{"batches":[{"resource":{},"instrumentationLibrarySpans":[{"spans":[{"traceId":"W47/95gDgQPSabYzgT/GDA==","spanId":"7uGbfsPBsXQ=","name":"x","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"5","endTimeUnixNano":"9","status":{"code":"STATUS_CODE_ERROR"}}]}]}]}',
    [{ traceId: base.traceId, spanId: base.spanId, kind: 'CLIENT', status: 'ERROR', service: 'unknown', start: 5n, end: 9n }],
  ],
  [
    'lines of OTLP',
    '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01","spanId":"02"}]}]}]}\n{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01","spanId":"03","parentSpanId":"02"}]}]}]}\n',
    [{ spanId: '0000000000000002', parentId: null }, { spanId: '0000000000000003', parentId: '0000000000000002' }],
  ],
  [
    'Jaeger with a short id, FOLLOWS_FROM as parent and error as text',
    '{"data":[{"traceID":"1","spans":[{"traceID":"1","spanID":"a","operationName":"x","references":[{"refType":"FOLLOWS_FROM","traceID":"1","spanID":"b"}],"startTime":10,"duration":2,"tags":[{"key":"error","type":"string","value":"true"}],"processID":"p1"}],"processes":{"p1":{"serviceName":"s"}}}]}',
    [{ spanId: '000000000000000a', parentId: '000000000000000b', service: 's', status: 'ERROR', start: 10_000n, end: 12_000n }],
  ],
  [
    'Zipkin: both sides of a call share an id',
    '[[{"traceId":"1","id":"a","kind":"CLIENT","timestamp":1,"duration":9,"localEndpoint":{"serviceName":"web"}},{"traceId":"1","id":"a","kind":"SERVER","shared":true,"timestamp":2,"duration":5,"localEndpoint":{"serviceName":"db"},"tags":{"error":"no"}}]]',
    [{ kind: 'CLIENT', service: 'web', status: 'UNSET' }, { kind: 'SERVER', service: 'db', status: 'ERROR', statusMessage: 'no' }],
  ],
]

describe('files of others', () => {
  for (const [what, text, found] of foreign) it(what, () => expect(readFile(text)).toMatchObject(found))
  const refused = ['', 'nonsense', '[]', '{"data":[]}', '{"resourceSpans":[]}', '[{"traceId":"1"}]', 'null', '{"resourceSpans":[{"scopeSpans":7}]}']
  for (const text of refused) it(`refuses ${text || 'nothing'}`, () => expect(() => readFile(text)).toThrow())
  it('splits traces, largest first', () => {
    const other = { ...base, traceId: 'ff' }
    expect(tracesOf([other, base, child]).map(({ traceId, records }) => [traceId, records.length])).toEqual([[base.traceId, 2], ['ff', 1]])
  })
  it('lays a file out as a trace', () => {
    const trace = traceOfRecords([child, base])
    expect(trace.tree).toMatchObject({ total: 2, errorCount: 1, depthMost: 2 })
    expect(trace.origin).toBe(base.start)
  })
})
