// What Home asks of counts, against the same asked of single spans, on a server that holds recent telemetry.
import { describe, expect, it } from 'vitest'
import { servicesQuery, serviceTrendQuery, spanVolumeQuery } from '../src/pages/home/queries'
import { failuresBeforeQuery } from '../src/pages/home/questions/failures/query'
import { requestsQuery, requestsRange } from '../src/pages/home/questions/requests/query'
import { isCounted } from '../src/pages/services/red'
import type { Sql } from '../src/sql/escape'
import type { Filter } from '../src/sql/filter'
import { fromMilliseconds, toMilliseconds } from '../src/time/nanoseconds'
import type { Range } from '../src/time/range'
import { askRows } from './browser'

// No span has this scope, so the filter changes nothing but what is read.
const single: Filter[] = [{ key: 'scope_version', op: '!=', value: 'none has this' }]

// A time before which everything has arrived; with its milliseconds it cuts minutes at both ends.
const to = Date.now() - 15_000
const range: Range = { from: fromMilliseconds(to - 40 * 60_000), to: fromMilliseconds(to) }
const later: Range = { from: range.to, to: range.to + (range.to - range.from) }

describe('counts say what single spans say', () => {
  const cases: [what: string, columns: string[], query: (filters: Filter[]) => Sql][] = [
    ['services', ['service_name', 'requests', 'failed', 'spans', 'span_errors', 'last_seen'], (filters) => servicesQuery(range, filters)],
    ['trend', ['service_name', 'second', 'spans', 'errors'], (filters) => serviceTrendQuery(range, filters, 60)],
    ['volume', ['second', 'fine', 'failed'], (filters) => spanVolumeQuery(range, filters, 60)],
    ['failures before', ['requests', 'failed'], (filters) => failuresBeforeQuery(later, filters, false)],
    ['requests', ['second', 'requests', 'failed'], (filters) => requestsQuery(requestsRange(toMilliseconds(range.to), 'UTC'), filters, false)],
  ]
  for (const [what, columns, query] of cases) {
    it(what, async () => {
      // A minute that is cut may say that nothing was there, and one that is not is absent: both mean nothing.
      const counts = columns.filter((name) => !['service_name', 'second', 'last_seen'].includes(name))
      const answers = await Promise.all([[], single].map(async (filters) => {
        const rows = await askRows(query(filters).text)
        return rows.filter((row) => counts.some((name) => row[name] !== 0)).map((row) => JSON.stringify(columns.map((name) => row[name]))).sort()
      }))
      expect([isCounted(range, []), isCounted(range, single)]).toEqual([true, false])
      expect(answers[0]?.length).toBeGreaterThan(0)
      expect(answers[0]).toEqual(answers[1])
    })
  }

  it('requests until the present place in its quarter of an hour', async () => {
    const now = toMilliseconds(range.to)
    const [counted, one] = await Promise.all([[], single].map(async (filters) => (await askRows(requestsQuery(requestsRange(now, 'UTC'), filters, false).text)).at(-1)))
    expect(counted?.['early']).toBeGreaterThan(0)
    expect([counted?.['second'], counted?.['early']]).toEqual([one?.['second'], one?.['early']])
  })
})
