import { describe, expect, it } from 'vitest'
import { parseFilter, type Filter } from '../../../sql/filter'
import type { SpanRecord } from '../formats/record'
import { matchesFilter } from './matching'

const record: SpanRecord = {
  traceId: 'a', spanId: 'b', parentId: null, name: 'GET /spam', kind: 'SERVER', service: 'spam', start: 0n, end: 5_000_000n, status: 'ERROR', statusMessage: '', traceState: '',
  attributes: { 'http.response.status_code': 503, list: ['x', 1] }, resource: { 'host.name': 'pan' }, scopeName: '', scopeVersion: '', scope: { tier: 'x' }, events: [], links: [],
}
const cases: [written: string, found: boolean][] = [
  ['service=spam', true], ['service!=spam', false], ['name~SPAM', true], ['name!~eggs', true], ['duration>2ms', true], ['duration<=2ms', false], ['duration>soon', false],
  ['http.response.status_code>=500', true], ['http.response.status_code=503', true], ['absent>1', false], ['absent?', false], ['absent!=x', true], ['list?', true],
  ['resource:host.name=pan', true], ['scope:tier=y', false],
]

describe('filters over a file', () => {
  for (const [written, found] of cases) it(written, () => expect(matchesFilter(record, parseFilter(written) as Filter)).toBe(found))
})
