import { describe, expect, it } from 'vitest'
import type { Row } from '../../api/client'
import { deploys } from './deploys'
import { readFailures } from './failures'
import { distinguish, readRuntime, valuesOf } from './runtime'
import { readStatements } from './statements'
import { dayBefore, fit, readTrend } from './trend'

describe('deploys', () => {
  const slices = (...versions: string[][]): Row[] => versions.flatMap((running, index) => running.map((version, place) => ({ second: index * 60, version, spans: 100 - place })))
  const cases: [what: string, rows: Row[], found: string[]][] = [
    ['nothing', [], []],
    ['one version all along', slices(['1'], ['1']), []],
    ['a change', slices(['1'], ['1'], ['2']), ['1>2@120']],
    ['a rolling deploy is one', slices(['1'], ['1', '2'], ['2', '1'], ['2']), ['1>2@60']],
    ['a return', slices(['1'], ['2'], ['2'], ['2'], ['2'], ['2'], ['1']), ['1>2@60', '2>1@360']],
    ['a canary that flickers', slices(['1'], ['1', '2'], ['1'], ['1', '2']), ['1>2@60']],
  ]
  for (const [what, rows, found] of cases) it(what, () => expect(deploys(rows).map(({ before, version, time }) => `${before}>${version}@${time}`)).toEqual(found))
})

describe('trend', () => {
  const range = { from: 1_000n * 60n * 1_000_000_000n, to: 1_003n * 60n * 1_000_000_000n }
  const row = (second: number, requests: number, failed = 0): Row => ({ second, requests, failed, request_quantiles: [1, 2, 3], spans: 9, span_errors: 0, span_quantiles: [4, 5, 6] })
  it('is a rate, and zero in silence', () => expect(readTrend([row(60_000, 120), row(60_120, 60)], range, 60).rate).toEqual([2, 0, 1, null]))
  it('has no error share and no latency in silence', () => expect(readTrend([row(60_000, 120, 30)], range, 60)).toMatchObject({ errors: [0.25, null, null, null], p95: [2, null, null, null] }))
  it('leaves the rate of a slice hardly covered open', () => expect(readTrend([row(60_000, 5)], { ...range, from: range.from + 50_000_000_000n }, 60).rate[0]).toBeNull())
  it('looks a day back', () => expect(dayBefore({ from: 86_400_000_000_000n, to: 90_000_000_000_000n })).toEqual({ from: 0n, to: 3_600_000_000_000n }))
  it('lays one over the other', () => expect(fit([1, 2], 3)).toEqual([1, 2, null]))
})

describe('failures', () => {
  const row = (extra: Row): Row => ({ source: 'span', type: 'app.Rotten', message: 'egg …', times: 5, first_seen: '2026-11-21T10:00:00Z', last_seen: '2026-11-21T11:00:00Z', operations: ['boil'], traces: ['a', 'a', 'b'], sample: 'egg 7', stack: null, ...extra })
  it('told twice happened once', () => {
    const [only, ...rest] = readFailures([row({ source: 'log', type: 'Rotten', times: 6, operations: [null], traces: null, stack: 'at x' }), row({})])
    expect(rest).toEqual([])
    expect(only).toMatchObject({ type: 'app.Rotten', times: 6, sources: ['log', 'span'], stack: 'at x', traces: ['a', 'b'], operations: ['boil'] })
  })
  it('keeps other messages and bare statuses apart', () => expect(readFailures([row({}), row({ message: 'x' }), row({ source: 'status' })]).length).toBe(3))
})

describe('statements', () => {
  const row: Row = { statement: 'SELECT ?', system: 'sqlite', namespace: null, calls: 8, failed: 0, total_ns: 80, quantiles: [1, 2, 3], per_caller: 4, callers: ['b', null, 'a'], sample: 'SELECT 1', trace_id: 't', span_id: 's' }
  it('reads one', () => expect(readStatements([row])[0]).toMatchObject({ callers: ['a', 'b'], perCaller: 4, sample: 'SELECT 1' }))
  it('leaves out what has no text', () => expect(readStatements([{ ...row, statement: null }])).toEqual([]))
  it('knows statements that no span calls', () => expect(readStatements([{ ...row, per_caller: null }])[0]?.perCaller).toBeNull())
})

describe('runtime metrics', () => {
  const times = [0, 60, 120]
  const gauge = { counter: false, histogram: false, delta: false }
  const cases: [what: string, info: typeof gauge, points: Row[], values: (number | null)[]][] = [
    ['a gauge as it is', gauge, [{ second: 0, mean: 5 }, { second: 120, mean: 7 }], [5, null, 7]],
    ['a counter as a rate', { ...gauge, counter: true }, [{ second: 0, highest: 100 }, { second: 60, highest: 160 }], [null, 1, null]],
    ['a counter over a gap', { ...gauge, counter: true }, [{ second: 0, highest: 0 }, { second: 120, highest: 240 }], [null, null, 2]],
    ['a counter started anew', { ...gauge, counter: true }, [{ second: 0, highest: 900 }, { second: 60, highest: 30 }], [null, 0.5, null]],
    ['a counter of deltas', { ...gauge, counter: true, delta: true }, [{ second: 0, total: 60 }], [1, null, null]],
    ['a histogram as its mean', { ...gauge, histogram: true }, [{ second: 0, count_highest: 1, sum_highest: 5 }, { second: 60, count_highest: 3, sum_highest: 11 }], [null, 3, null]],
    ['a histogram at rest', { ...gauge, histogram: true }, [{ second: 0, count_highest: 3, sum_highest: 5 }, { second: 60, count_highest: 3, sum_highest: 5 }], [null, null, null]],
  ]
  for (const [what, info, points, values] of cases) it(what, () => expect(valuesOf(info, points, times, 60)).toEqual(values))
  it('names series by what differs', () =>
    expect(distinguish([{ type: 'user', host: 'a', old: 'user' }, { type: 'system', host: 'a', old: 'system' }], 'x')).toEqual(['user', 'system']))
  it('names a lone series by its metric', () => expect(distinguish([{ host: 'a' }], 'memory')).toEqual(['memory']))
  it('draws the largest series and counts the rest', () => {
    const series = Array.from({ length: 10 }, (_, index): Row => ({ metric_name: 'system.load', series: String(index), type: 'gauge', unit: '1', attributes: { cpu: index }, instance: null }))
    const points = series.map((row, index): Row => ({ series: row['series'] ?? null, second: 0, mean: index }))
    const [chart] = readRuntime(series, points, times, 60)
    expect(chart).toMatchObject({ metric: 'system.load', left: 2 })
    expect(chart?.lines[0]).toEqual({ label: '9', values: [9, null, null] })
  })
})
