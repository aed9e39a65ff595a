import { describe, expect, it } from 'vitest'
import type { Row } from '../../../../api/client'
import { answerFallback, verdict } from '../fallback/answer'
import { answerOrigins } from '../origin/answer'
import { spansMost } from './query'
import { plant } from './spanTree'

// One span a line: id, parent, service, kind, then what is true of it. Ends are in the order of writing unless given.
function trace(written: string, traceId = 't'): Row[] {
  return written.trim().split('\n').map((line, index) => {
    const [span_id = '', parent = '-', service_name = '', kind = '', ...rest] = line.trim().split(/\s+/)
    const value = (key: string): string | null => rest.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1) ?? null
    const number = (key: string): number | null => (value(key) === null ? null : Number(value(key)))
    return {
      trace_id: traceId, span_id, parent_span_id: parent === '-' ? null : parent, service_name, kind,
      failed: rest.includes('ERROR'), inside: !rest.includes('outside'), end_us: number('end') ?? 1000 - index, weight: number('weight') ?? 1,
      peer: value('peer'), address: value('at'), http_status: number('http'), http: rest.includes('http') || value('http') !== null, grpc_status: number('grpc'),
    }
  })
}

const silentCall = `
  a - spam SERVER
  b a spam INTERNAL
  c b spam CLIENT ERROR http
  d c eggs SERVER end=5000`

describe('where failures begin', () => {
  const cases: [what: string, written: string, service: string, own: number, from: [string, number][], unknown: number][] = [
    ['its own', 'a - spam SERVER ERROR', 'spam', 1, [], 0],
    ['its own, in an inner span', 'a - spam SERVER ERROR\nb a spam INTERNAL ERROR', 'spam', 1, [], 0],
    [
      'another service, past an inner span that did not fail',
      `a - spam SERVER ERROR
       b a spam INTERNAL
       c b spam CLIENT ERROR http=500
       d c eggs SERVER ERROR`,
      'spam', 0, [['eggs', 1]], 0,
    ],
    [
      'the deepest of three',
      `a - web SERVER ERROR
       b a web CLIENT ERROR
       c b spam SERVER ERROR
       d c spam CLIENT ERROR
       e d eggs SERVER ERROR`,
      'web', 0, [['eggs', 1]], 0,
    ],
    [
      'a callee that got over its own failure is not at fault',
      `a - web SERVER ERROR
       b a web CLIENT
       c b spam SERVER
       d c spam CLIENT ERROR
       e d eggs SERVER ERROR`,
      'web', 1, [], 0,
    ],
    [
      'the last of several tries',
      `a - spam SERVER ERROR
       b a spam CLIENT ERROR http=503 end=10
       c b eggs SERVER ERROR end=9
       d a spam CLIENT ERROR http=503 end=20
       e d ham SERVER ERROR end=19`,
      'spam', 0, [['ham', 1]], 0,
    ],
    ['a silent callee', silentCall.replace('SERVER', 'SERVER ERROR'), 'spam', 0, [['eggs', 1]], 0],
    ['a bad request is the caller’s own', 'a - spam SERVER ERROR\nb a spam CLIENT ERROR http=404\nc b eggs SERVER', 'spam', 1, [], 0],
    ['a peer without telemetry', 'a - spam SERVER ERROR\nb a spam CLIENT ERROR peer=postgresql', 'spam', 0, [], 1],
    ['the span between is missing', 'a - spam SERVER ERROR\nz lost eggs INTERNAL ERROR', 'spam', 0, [], 1],
    ['work in the background does not fail the request', 'a - spam SERVER ERROR\nb a spam PRODUCER\nc b worker CONSUMER ERROR', 'spam', 1, [], 0],
    ['spans outside the range only complete the tree', 'a - web SERVER ERROR outside\nb a spam SERVER ERROR', 'spam', 1, [], 0],
    ['sampled spans weigh more', 'a - spam SERVER ERROR weight=4', 'spam', 4, [], 0],
    ['a loop of parents ends', 'a b spam SERVER ERROR\nb a spam INTERNAL ERROR', 'spam', 1, [], 0],
  ]
  for (const [what, written, service, own, from, unknown] of cases) {
    it(what, () => {
      const found = answerOrigins(plant(trace(written))).find((answer) => answer.service === service)
      expect([found?.own, found?.from.map((one) => [one.service, one.failures]), found?.unknown]).toEqual([own, from, unknown])
    })
  }
})

describe('who gets over it', () => {
  const cases: [what: string, written: string, expected: [caller: string, callee: string, silent: [number, number], failed: [number, number]][]][] = [
    ['no calls', 'a - spam SERVER ERROR', []],
    ['silence, and an answer all the same', silentCall, [['spam', 'eggs', [1, 1], [0, 0]]]],
    ['silence, and no answer', silentCall.replace('SERVER', 'SERVER ERROR'), [['spam', 'eggs', [1, 0], [0, 0]]]],
    [
      'a request counts once, however often it asked',
      'a - spam SERVER ERROR\nb a spam CLIENT ERROR http=503\nc b eggs SERVER ERROR\nd a spam CLIENT ERROR http=503\ne d eggs SERVER ERROR',
      [['spam', 'eggs', [0, 0], [1, 0]]],
    ],
    [
      'a failure, then silence',
      'a - spam SERVER\nb a spam CLIENT ERROR http=503\nc b eggs SERVER ERROR\nd a spam CLIENT ERROR http\ne d eggs SERVER ERROR',
      [['spam', 'eggs', [1, 1], [0, 0]]],
    ],
    ['a caller that did not wait, over any protocol', 'a - spam SERVER\nb a spam CLIENT ERROR end=10\nc b eggs SERVER end=90', [['spam', 'eggs', [1, 1], [0, 0]]]],
    ['gRPC: the deadline', 'a - spam SERVER\nb a spam CLIENT ERROR grpc=4 peer=eggs', [['spam', 'eggs', [1, 1], [0, 0]]]],
    ['gRPC: an error', 'a - spam SERVER\nb a spam CLIENT ERROR grpc=13 peer=eggs', [['spam', 'eggs', [0, 0], [1, 1]]]],
    [
      'an address that others reached a service by',
      'a - spam SERVER\nb a spam CLIENT ERROR http at=10.0.0.1:80 peer=10.0.0.1\nx - spam SERVER\ny x spam CLIENT http=200 at=10.0.0.1:80\nz y eggs SERVER',
      [['spam', 'eggs', [1, 1], [0, 0]]],
    ],
    [
      'an address with several services behind it',
      'a - spam SERVER\nb a spam CLIENT ERROR http at=lb:80 peer=lb\ny a spam CLIENT http=200 at=lb:80\nz y eggs SERVER\nv a spam CLIENT http=200 at=lb:80\nw v ham SERVER',
      [['spam', 'lb', [1, 1], [0, 0]]],
    ],
    ['a bad request is not the callee’s failure', 'a - spam SERVER\nb a spam CLIENT ERROR http=404 peer=eggs', []],
    ['a job without requests', 'a - etl INTERNAL\nb a etl CLIENT ERROR peer=postgresql', [['etl', 'postgresql', [0, 0], [1, 1]]]],
  ]
  for (const [what, written, expected] of cases) {
    it(what, () => {
      const found = answerFallback(plant(trace(written)))
      expect(found.map(({ caller, callee, silent, failed }) => [caller, callee, [silent.requests, silent.survived], [failed.requests, failed.survived]])).toEqual(expected)
    })
  }
})

describe('verdict', () => {
  const cases: [survived: number, requests: number, verdict: ReturnType<typeof verdict>][] = [[12, 12, 'yes'], [96, 100, 'yes'], [50, 100, 'partly'], [5, 100, 'no'], [0, 3, 'no']]
  for (const [survived, requests, expected] of cases) {
    it(`${survived} of ${requests}`, () => expect(verdict({ survived, requests, traceId: null })).toBe(expected))
  }
})

describe('bounds', () => {
  it('drops the trace that a cut answer may have torn', () => {
    const rows = Array.from({ length: spansMost }, (_, index) => trace(`s${index} - spam SERVER ERROR`, index < spansMost - 2 ? 'whole' : 'torn')[0] as Row)
    const { nodes, traces, partial } = plant(rows)
    expect([nodes.length, traces, partial]).toEqual([spansMost - 2, 1, true])
  })
})
