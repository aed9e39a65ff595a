import { describe, expect, it } from 'vitest'
import type { Row } from '../../api/client'
import { parseTime } from '../../time/nanoseconds'
import { serviceOf, servicePath } from './address'
import { assemble, isFailing, judge, readRed, readTrends, search, type ServiceState } from './fleet'

const to = parseTime('2026-11-21T15:00:00Z')
const range = { from: to - 3_600_000_000_000n, to }
const red = (extra: Row = {}): Row => ({ service_name: 'web', requests: 100, failed: 1, request_quantiles: [1, 2, 3], entry_kind: 'SERVER', spans: 300, span_errors: 2, span_quantiles: [4, 5, 6], last_seen: '2026-11-21T14:59:59Z', version: '1.2', versions: 2, ...extra })

describe('figures of a service', () => {
  it('count requests', () => expect(readRed(red())).toEqual({ total: 100, failed: 1, p50: 1, p95: 2, p99: 3, own: true, entryKind: 'SERVER' }))
  it('count spans where there are no requests', () => expect(readRed(red({ requests: 0, request_quantiles: [null, null, null] }))).toMatchObject({ total: 300, failed: 2, p95: 5, own: false, entryKind: null }))
  it('are none without a row', () => expect(readRed(undefined)).toMatchObject({ total: 0, p50: null }))
})

describe('state', () => {
  const cases: [total: number, failed: number, silentSeconds: number, state: ServiceState][] = [
    [100, 0, 10, 'receiving'],
    [100, 5, 10, 'failing'],
    [100, 4, 10, 'receiving'],
    [2, 2, 10, 'receiving'],
    [0, 0, 10, 'spanless'],
    [0, 0, 400, 'silent'],
    [100, 90, 301, 'silent'],
    [100, 90, 300, 'failing'],
  ]
  for (const [total, failed, seconds, state] of cases) {
    it(`${failed} of ${total} failed, ${seconds} s of silence: ${state}`, () => expect(judge({ ...readRed(undefined), total, failed }, seconds * 1e9)).toBe(state))
  }
  it('guards against few requests', () => expect(isFailing({ total: 4, failed: 4 })).toBe(false))
})

describe('the list', () => {
  const presence: Row[] = [
    { service_name: 'web', last_seen: '2026-11-21T14:59:59.5Z', spans: 300, logs: 7, points: 0 },
    { service_name: 'old', last_seen: '2026-11-21T03:00:00Z', spans: 0, logs: 0, points: 0 },
    { service_name: 'cron', last_seen: '2026-11-21T14:59:00Z', spans: 0, logs: 9, points: 0 },
  ]
  const services = assemble([red()], presence, range)
  it('names those that fell silent, and those without spans', () => expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual(['web receiving', 'old silent', 'cron spanless']))
  const searches: [typed: string, state: string, found: string[]][] = [['', '', ['web', 'old', 'cron']], ['WE', '', ['web']], ['1.2', '', ['web']], ['', 'silent', ['old']], ['web', 'silent', []]]
  for (const [typed, state, found] of searches) it(`"${typed}" ${state}`, () => expect(search(services, typed, state).map(({ name }) => name)).toEqual(found))
})

describe('trends', () => {
  const row = (second: number, requests: number, spans: number): Row => ({ service_name: 'web', second, requests, failed: 0, spans, span_errors: 1 })
  const start = Number(range.from / 1_000_000_000n)
  it('draw requests where there are any', () => expect(readTrends([row(start, 0, 4), row(start + 60, 3, 9)], range, 60).get('web')?.values.slice(0, 3)).toEqual([0, 3, 0]))
  it('draw spans otherwise', () => expect(readTrends([row(start, 0, 4)], range, 60).get('web')).toMatchObject({ values: expect.arrayContaining([4]), errors: expect.arrayContaining([1]) }))
})

describe('address of a service', () => {
  for (const name of ['web', 'a/b', '100%', 'a%2Fb', 'ção', 'x?y#z', '']) it(`survives: ${name}`, () => expect(serviceOf(servicePath(name))).toBe(name))
  it('takes a broken one as it is', () => expect(serviceOf('/services/100%')).toBe('100%'))
})
