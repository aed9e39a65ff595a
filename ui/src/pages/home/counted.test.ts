import { describe, expect, it } from 'vitest'
import type { Sql } from '../../sql/escape'
import type { Filter } from '../../sql/filter'
import { parseTime, writeTime } from '../../time/nanoseconds'
import type { Range } from '../../time/range'
import { countedSpans, wholeMinutes } from './counted'
import { servicesQuery, serviceTrendQuery, spanVolumeQuery } from './queries'
import { failuresBeforeQuery } from './questions/failures/query'
import { withShares, type Hop } from './questions/hop/answer'
import { countedHopQuery, hopIsCounted, sharesRange } from './questions/hop/query'
import { outsideQuery, requestsQuery, requestsRange } from './questions/requests/query'
import { countedSamplingQuery, samplingQuery } from './questions/sampling'
import { upQuery } from './questions/up/query'

const at = (from: string, to: string): Range => ({ from: parseTime(`2026-11-21T${from}Z`), to: parseTime(`2026-11-21T${to}Z`) })
const hour = at('14:00:10.5', '15:00:10.5')
const short = at('14:50:00', '15:00:00')
const user: Filter[] = [{ key: 'user.id', op: '=', value: "o'brien" }]
const service: Filter[] = [{ key: 'service', op: '=', value: "o'brien" }]
const tables = ({ text }: Sql): string => [...new Set([...text.matchAll(/FROM (span_metrics|edge_metrics|spans|logs|metrics)\b/g)].map(([, table]) => table))].join(' ')

describe('what Home reads', () => {
  const both = 'span_metrics spans'
  const cases: [what: string, query: Sql, reads: string][] = [
    ['services', servicesQuery(hour, service), both],
    ['services of a user', servicesQuery(hour, user), 'spans'],
    ['services of ten minutes', servicesQuery(short, []), 'spans'],
    ['services of whole minutes', servicesQuery(at('14:00:00', '15:00:00'), service), 'span_metrics'],
    ['trend', serviceTrendQuery(hour, [], 120), both],
    ['trend of half minutes', serviceTrendQuery(hour, [], 30), 'spans'],
    ['volume', spanVolumeQuery(hour, [], 60), both],
    ['volume of half minutes', spanVolumeQuery(hour, [], 30), 'spans'],
    ['failures before', failuresBeforeQuery(hour, [], false), both],
    ['failures before, of a user', failuresBeforeQuery(hour, user, false), 'spans'],
    ['requests', requestsQuery(requestsRange(Number(hour.to / 1_000_000n), 'UTC'), service, true), both],
    ['requests of a user', requestsQuery(requestsRange(Number(hour.to / 1_000_000n), 'UTC'), user, false), 'spans'],
    ['requests from outside', outsideQuery(hour, [], false), 'spans'],
    ['up', upQuery(at('01:00:00', '15:00:00'), []), 'spans span_metrics logs metrics'],
    ['up within the hour', upQuery(hour, []), 'spans logs metrics'],
    ['hop', countedHopQuery(hour, service), 'edge_metrics'],
    ['sampling', countedSamplingQuery(hour), 'span_metrics'],
    ['sampling by trace states', samplingQuery(hour), both],
    ['sampling by trace states, of ten minutes', samplingQuery(short), 'spans'],
  ]
  for (const [what, query, reads] of cases) {
    it(what, () => {
      expect(tables(query)).toBe(reads)
      const reading = [...query.text.matchAll(/FROM (span_metrics|edge_metrics|spans|logs|metrics)\b/g)].length
      expect([...query.text.matchAll(/"(start_)?time" >= TIMESTAMP/g)].length).toBeGreaterThanOrEqual(reading)
      if (query.text.includes('brien')) expect(query.text).toContain("'o''brien'")
    })
  }
})

describe('minutes that lie in a range as a whole', () => {
  const cases: [from: string, to: string, first: string, last: string, single: string[]][] = [
    ['14:00:00', '15:00:00', '14:00:00', '15:00:00', []],
    ['14:00:10.5', '15:00:00', '14:01:00', '15:00:00', ['14:00:10.500000000 14:01:00.000000000']],
    ['14:00:00', '15:00:59', '14:00:00', '15:00:00', ['15:00:00.000000000 15:00:59.000000000']],
    ['14:00:59', '15:00:01', '14:01:00', '15:00:00', ['14:00:59.000000000 14:01:00.000000000', '15:00:00.000000000 15:00:01.000000000']],
  ]
  for (const [from, to, first, last, single] of cases) {
    it(`${from} to ${to}`, () => {
      const range = at(from, to)
      expect(wholeMinutes(range)).toEqual(at(first, last))
      const pieces = [...countedSpans(range, [], false).text.matchAll(/"start_time" >= TIMESTAMP '2026-11-21T([\d:.]+)Z' AND "start_time" < TIMESTAMP '2026-11-21T([\d:.]+)Z'/g)]
      expect(pieces.map(([, begin, end]) => `${begin} ${end}`)).toEqual(single)
    })
  }
})

describe('cut minutes of requests', () => {
  const now = parseTime('2026-11-21T15:07:20Z')
  const cases: [zone: string, now: bigint, days: string[]][] = [
    ['UTC', now, ['2026-11-21T15:07', '2026-11-20T15:07', '2026-11-14T15:07']],
    // Clocks went back between yesterday and today.
    ['Europe/Berlin', parseTime('2026-10-25T12:07:20Z'), ['2026-10-25T12:07', '2026-10-24T11:07', '2026-10-18T11:07']],
    ['UTC', parseTime('2026-11-21T15:07:00Z'), []],
  ]
  for (const [zone, time, days] of cases) {
    it(`${writeTime(time)} in ${zone}`, () => {
      const { text } = requestsQuery(requestsRange(Number(time / 1_000_000n), zone), [], false, zone)
      expect([...text.matchAll(/"start_time" >= TIMESTAMP '([\d-]+T\d\d:\d\d):00/g)].map(([, minute]) => minute)).toEqual(days)
    })
  }
})

describe('hops', () => {
  const choice: [what: string, range: Range, filters: Filter[], counted: boolean][] = [
    ['an hour', hour, [], true],
    ['of a service', hour, service, true],
    ['of all but a service', hour, [{ key: 'service', op: '!=', value: 'a' }], false],
    ['of a kind', hour, [{ key: 'kind', op: '=', value: 'CLIENT' }], false],
    ['of a moment', short, [], false],
  ]
  for (const [what, range, filters, counted] of choice) it(what, () => expect(hopIsCounted(range, filters)).toBe(counted))

  const parts: [spans: number, from: string][] = [[0, '14:00:00'], [50_000, '14:00:00'], [100_000, '14:30:00'], [3_000_000, '14:59:00']]
  for (const [spans, from] of parts) it(`shares from a part of ${spans} spans`, () => expect(sharesRange(at('14:00:00', '15:00:00'), spans)).toEqual(at(from, '15:00:00')))

  it('take their shares from those of a part', () => {
    const hop = (client: string, calls: number, share: number | null): Hop => ({ client, server: 'b', calls, measured: calls, overrun: null, p50: 1, p95: 2, callP50: 3, share })
    expect(withShares([hop('a', 9, null), hop('c', 8, null)], [hop('a', 1, 0.5)])).toEqual([hop('a', 9, 0.5), hop('c', 8, null)])
  })
})
