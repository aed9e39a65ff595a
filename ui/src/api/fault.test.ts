import { describe, expect, it } from 'vitest'
import { readFault } from './fault'
import type { Fault } from './types'

describe('faults', () => {
  const cases: [what: string, body: string, status: number, fault: Fault][] = [
    ['of our own API', '{"error":{"kind":"plan","message":"no table x","position":{"line":1,"column":5}}}', 400, { kind: 'plan', message: 'no table x', position: { line: 1, column: 5 } }],
    ['of Prometheus', '{"status":"error","errorType":"bad_data","error":"invalid parameter \\"start\\": no time"}', 400, { kind: 'plan', message: 'invalid parameter "start": no time' }],
    ['of Prometheus, with a place', '{"status":"error","errorType":"bad_data","error":"invalid parameter \\"query\\": 1:4: parse error: unclosed left parenthesis"}', 400, { kind: 'parse', message: 'unclosed left parenthesis', position: { line: 1, column: 4 } }],
    ['of Loki, without a type', '{"status":"error","error":"too many streams"}', 429, { kind: 'busy', message: 'too many streams' }],
    ['of a limit', '{"status":"error","errorType":"execution","error":"more samples than the limit of 50000000"}', 422, { kind: 'limit', message: 'more samples than the limit of 50000000' }],
    ['that are no JSON', '<html>bad gateway</html>', 502, { kind: 'execution', message: '<html>bad gateway</html>' }],
    ['that say nothing', '', 504, { kind: 'timeout', message: 'HTTP 504' }],
    ['that are JSON of another form', '["x"]', 500, { kind: 'execution', message: '["x"]' }],
    ['that are null', 'null', 500, { kind: 'execution', message: 'null' }],
  ]
  for (const [what, body, status, fault] of cases) it(what, () => expect(readFault(body, status)).toEqual(fault))
})
