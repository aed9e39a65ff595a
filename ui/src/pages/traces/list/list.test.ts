import { describe, expect, it } from 'vitest'
import { parseFilter, type Filter } from '../../../sql/filter'
import type { FoundTrace } from '../../../api/tempo'
import { dotsOfSearch } from '../plot/dotsOfSearch'
import { detailsQuery, listQuery, matchedQuery, sorts, withoutQuery } from './queries'
import { joined, sortRows } from './rows'

const range = { from: 1_795_272_600_000_000_000n, to: 1_795_272_900_000_000_000n }
const filters = ['service=spam', 'status=ERROR'].map((written) => parseFilter(written) as Filter)
const trace = (id: string, start: bigint, durationMs: number, stats: FoundTrace['serviceStats'] = {}): FoundTrace => ({
  traceID: id, rootServiceName: 'spam', rootTraceName: 'GET', startTimeUnixNano: String(start), durationMs, serviceStats: stats,
  spanSets: [{ matched: 2, spans: [{ spanID: 's', name: 'n', startTimeUnixNano: String(start + 5n), durationNanos: '7', attributes: [{ key: 'status', value: { stringValue: 'error' } }, { key: 'resource.service.name', value: { stringValue: 'eggs' } }] }] }],
})

describe('statements of the list', () => {
  for (const sort of sorts) {
    it(`${sort} is bounded by time and number`, () => {
      const { text } = listQuery(range, filters, sort, 500)
      expect(text.match(/LIMIT 500/g)?.length).toBe(2)
      expect(text.match(/start_time" >= /g)?.length).toBe(3)
    })
  }
  it('knows traces by id within their time', () => {
    expect(detailsQuery([], 0n, 1n).text).toBe('')
    expect(detailsQuery(['ab', 'cd'], range.from, range.to).text).toMatch(/trace_id IN \('ab', 'cd'\)[\s\S]*LIMIT 2$/)
  })
  it('finds what was matched', () => expect(matchedQuery('ab', range, filters).text).toContain(`"service_name" = 'spam' AND "status_code" = 'ERROR'`))
  it('counts without each filter', () => {
    expect(withoutQuery(range, filters).text).toContain(`count(*) FILTER (WHERE "status_code" = 'ERROR'), count(*) FILTER (WHERE "service_name" = 'spam')`)
    expect(withoutQuery(range, filters.slice(0, 1)).text).toContain('count(*) FILTER (WHERE TRUE)')
  })
})

describe('traces that were searched', () => {
  const found = [trace('a', range.from, 3, { spam: { spanCount: 4, errorCount: 1 }, eggs: { spanCount: 2, errorCount: 1 } }), trace('b', range.from + 9n, 5)]
  it('are rows before anything else is known', () => {
    expect(joined(found, [])[0]).toMatchObject({ id: 'a', duration: 3e6, spans: 6, services: 2, errors: 2, matched: 2, status: '', started: '2026-11-21T14:50:00.000000000Z' })
  })
  it('take exact figures from SQL', () => {
    const [row] = joined(found, [{ trace_id: 'a', started: '2026-11-21T14:50:00.000000001Z', duration_ns: 3_141_592, spans: 6, services: 2, errors: 2, root_name: 'GET /x', root_service: 'spam', root_status: 500 }])
    expect(row).toMatchObject({ duration: 3_141_592, name: 'GET /x', status: '500', matched: 2 })
  })
  it('have no service without a root', () => expect(joined([{ ...trace('c', 0n, 1), rootServiceName: '<root span not yet received>' }], [])[0]?.service).toBe(''))
  const orders: [sort: (typeof sorts)[number], ids: string][] = [['newest', 'ba'], ['slowest', 'ba'], ['errors', 'ab'], ['spans', 'ab']]
  for (const [sort, ids] of orders) it(`sort by ${sort}`, () => expect(sortRows(joined(found, []), sort).map(({ id }) => id).join('')).toBe(ids))
  it('are points of the plot', () => {
    const dots = dotsOfSearch({ traces: [...found, trace('old', range.from - 100n, 1)], metrics: { inspectedTraces: 3, completedJobs: 1, totalJobs: 1 } }, range)
    expect(dots).toEqual([
      { at: 5, duration: 7, failed: true, trace: 'a', span: 's', name: 'n', service: 'eggs' },
      { at: 14, duration: 7, failed: true, trace: 'b', span: 's', name: 'n', service: 'eggs' },
    ])
  })
})
