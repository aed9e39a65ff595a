import { describe, expect, it } from 'vitest'
import type { FoundSpan, SeriesAnswer } from '../../../api/tempo'
import { sql } from '../../../sql/escape'
import { errorsRegion, parseRegion, type Region } from '../plot/region'
import { compareQuery, distributionsOfCompare } from './compareAnswer'
import { fieldQuery, fieldsToCompare, sampledPopulation, samplingFor } from './queries'
import { isSelected, statements, valuesOf } from './sample'
import { byDifference, distributionsOf, ranked, scoreOf, type Distribution, type Share } from './score'
import { readDistribution } from './readDistribution'

const share = (value: string, inside: number, outside: number): Share => ({ value, inside, outside, example: null, counter: null })
const of = (label: string, values: Share[], distinct = values.length): Distribution => ({
  field: label, label, values, distinct,
  inside: values.reduce((sum, { inside }) => sum + inside, 0),
  outside: values.reduce((sum, { outside }) => sum + outside, 0),
})
const region = (written: string): Region => parseRegion(written) as Region

describe('how much distributions differ', () => {
  const unique = (side: 'inside' | 'outside', n: number) => Array.from({ length: n }, (_, index) => share(`${side} ${index}`, side === 'inside' ? 1 : 0, side === 'outside' ? 1 : 0))
  const cases: [name: string, distribution: Distribution, sides: { inside: number; outside: number }, low: number, high: number][] = [
    ['the same', of('a', [share('x', 50, 500), share('y', 50, 500)]), { inside: 100, outside: 1000 }, 0, 0],
    ['nothing in common', of('a', [share('x', 100, 0), share('y', 0, 1000)]), { inside: 100, outside: 1000 }, 0.9, 1],
    ['set on one side alone', of('a', [share('x', 100, 0)]), { inside: 100, outside: 1000 }, 0.9, 1],
    ['half moved', of('a', [share('x', 75, 250), share('y', 25, 750)]), { inside: 100, outside: 1000 }, 0.4, 0.5],
    ['a small difference of few spans', of('a', [share('x', 3, 40), share('y', 2, 60)]), { inside: 5, outside: 100 }, 0, 0.05],
    ['ids that occur once', of('a', [...unique('inside', 10), ...unique('outside', 10)]), { inside: 10, outside: 10 }, 0, 0],
    ['nothing selected', of('a', [share('x', 0, 10)]), { inside: 0, outside: 10 }, 0, 0],
  ]
  for (const [name, distribution, sides, low, high] of cases) {
    it(name, () => {
      const score = scoreOf(distribution, sides)
      expect(score).toBeGreaterThanOrEqual(low)
      expect(score).toBeLessThanOrEqual(high)
    })
  }
  it('ranks', () => {
    const all = [of('same', [share('x', 10, 100)]), of('other', [share('x', 10, 0), share('y', 0, 100)])]
    expect(ranked(all, { inside: 10, outside: 100 }).map(({ label }) => label)).toEqual(['other', 'same'])
    expect(byDifference([share('a', 1, 10), share('b', 9, 0), share('c', 0, 90)], { inside: 10, outside: 100 }).map(({ value }) => value)).toEqual(['b', 'c', 'a'])
  })
})

describe('statements', () => {
  const keys = [
    { table: 'spans', scope: 'attributes', key: 'b', type: 'Utf8', count: 5 },
    { table: 'spans', scope: 'attributes', key: 'a', type: 'Utf8', count: 9 },
    { table: 'spans', scope: 'resource_attributes', key: 'service.name', type: 'Utf8', count: 9 },
    { table: 'spans', scope: 'resource_attributes', key: 'host', type: 'Utf8', count: 9 },
    { table: 'logs', scope: 'attributes', key: 'l', type: 'Utf8', count: 9 },
  ]
  it('asks for resources before spans, the frequent first', () => {
    expect(fieldsToCompare(keys, region('..,5..')).fields.map(({ field }) => field)).toEqual(['service', 'name', 'kind', 'status', 'status_message', 'scope', 'resource:host', 'a', 'b'])
    expect(fieldsToCompare(keys, errorsRegion).fields.map(({ field }) => field)).not.toContain('status')
    const many = Array.from({ length: 200 }, (_, index) => ({ table: 'spans', scope: 'attributes', key: `k${index}`, type: 'Utf8', count: 1 }))
    expect(fieldsToCompare(many, errorsRegion).left).toBe(55)
  })
  const samples: [inside: number, outside: number, expected: [number, number]][] = [[10, 100, [1, 1]], [10, 2_000_000, [1, 1]], [10, 2_000_001, [1, 2]], [5_000_000, 30_000_000, [4, 16]], [0, 0, [1, 1]]]
  for (const [inside, outside, [one, other]] of samples) it(`samples ${inside} and ${outside}`, () => expect(samplingFor({ inside, outside })).toEqual({ inside: one, outside: other }))
  it('samples by random ids, and keeps the selection whole', () => {
    expect(sampledPopulation(sql`TRUE`, errorsRegion, { inside: 1, outside: 1 }).text).toBe('TRUE')
    expect(sampledPopulation(sql`TRUE`, errorsRegion, { inside: 1, outside: 4 }).text).toBe(`TRUE AND CASE WHEN coalesce(status_code = 'ERROR', FALSE) THEN TRUE ELSE span_id < '4000000000000000' END`)
  })
  it('is bounded', () => {
    const [first] = fieldsToCompare([], errorsRegion).fields
    expect(first && fieldQuery(sql`TRUE`, errorsRegion, first, { inside: 1, outside: 2 }).text).toMatch(/LIMIT 21$/)
  })
  it('counts what is missing by the row without a value', () => {
    const row = (value: string | null, inside: number, outside: number) => ({ value, inside, outside, example: 'e', counter: null, inside_all: 10, outside_all: 100, distinct_values: 3 })
    const field = { field: 'a', label: 'a' }
    expect(readDistribution(field, [row(null, 4, 30), row('x', 6, 0), row('y', 0, 70)])).toMatchObject({ inside: 6, outside: 70, distinct: 2, values: [{ value: 'x' }, { value: 'y' }] })
    expect(readDistribution(field, [row(null, 10, 100)])).toBeNull()
    expect(readDistribution(field, [])).toBeNull()
  })
})

describe('compare() of the metrics API', () => {
  const queries: [query: string, region: string, expected: string][] = [
    ['{ }', 'errors', '{ } | compare({ status = error }, 50)'],
    ['{ .a = 1 }', '..,5..9', '{ .a = 1 } | compare({ duration >= 5ns && duration < 9ns }, 50)'],
    ['{ }', '3..7,..', '{ } | compare({ }, 50, 3, 7)'],
    ['{ }', '3..,5..', '{ } | compare({ duration >= 5ns }, 50, 3, 9223372036854775807)'],
  ]
  for (const [query, written, expected] of queries) it(`${query} ${written}`, () => expect(compareQuery(query, region(written))).toBe(expected))

  it('joins both sides of a value', () => {
    const series = (meta: string, key: string, value: object, spans: number) => ({ labels: [{ key: '__meta_type', value: { stringValue: meta } }, { key, value }], value: spans })
    const answer: SeriesAnswer = {
      status: 'COMPLETE',
      series: [
        series('selection', 'resource.service.name', { stringValue: 'a' }, 3), series('baseline', 'resource.service.name', { stringValue: 'a' }, 5),
        series('baseline', 'resource.service.name', { stringValue: 'b' }, 2), series('selection_total', 'resource.service.name', { stringValue: 'nil' }, 3),
        series('baseline_total', 'resource.service.name', { stringValue: 'nil' }, 7), series('selection', 'status', { stringValue: 'error' }, 1),
        series('selection', 'span."odd key"', { intValue: '5' }, 1),
      ],
    }
    expect(distributionsOfCompare(answer)).toEqual([
      { field: 'service', label: 'service', inside: 3, outside: 7, distinct: 2, values: [
        { value: 'a', inside: 3, outside: 5, example: null, counter: null, condition: 'resource.service.name = "a"' },
        { value: 'b', inside: 0, outside: 2, example: null, counter: null, condition: 'resource.service.name = "b"' },
      ] },
      { field: 'status', label: 'status', inside: 0, outside: 0, distinct: 1, values: [{ value: 'ERROR', inside: 1, outside: 0, example: null, counter: null, condition: 'status = error' }] },
      { field: 'odd key', label: 'odd key', inside: 0, outside: 0, distinct: 1, values: [{ value: '5', inside: 1, outside: 0, example: null, counter: null, condition: 'span."odd key" = 5' }] },
    ])
  })
})

describe('a sample of spans', () => {
  const span = (start: number, lasted: number, status = 'ok'): FoundSpan => ({ spanID: 's', name: 'n', startTimeUnixNano: String(start), durationNanos: String(lasted), attributes: [{ key: 'status', value: { stringValue: status } }] })
  const cases: [written: string, span: FoundSpan, selected: boolean][] = [['errors', span(1, 1, 'error'), true], ['errors', span(1, 1), false], ['5..,10..', span(5, 10), true], ['5..,10..', span(4, 10), false], ['..9,..10', span(8, 10), false], ['..9,..10', span(8, 9), true]]
  for (const [written, found, selected] of cases) it(`${written} ${found.startTimeUnixNano}`, () => expect(isSelected(region(written), found)).toBe(selected))
  it('reads what spans carry', () => {
    expect(valuesOf({ service_name: 'a', name: 'n', status_message: '', attributes: { x: 1, l: [1, 2] }, resource_attributes: { 'service.name': 'a', host: 'h' } })).toEqual({ service: 'a', name: 'n', x: '1', l: '[1,2]', 'resource:host': 'h' })
  })
  it('is read in bounded steps', () => {
    const found = Array.from({ length: 900 }, (_, index) => ({ trace: `t${index}`, span: `s${index}`, selected: index < 5 }))
    const steps = statements(found, { from: 0n, to: 9n })
    expect(steps.map((step) => step.found.length)).toEqual([400, 400, 100])
    for (const { query } of steps) expect(query.text).toMatch(/start_time" >= [\s\S]*LIMIT 800$/)
  })
  it('counts', () => {
    const { sides, distributions } = distributionsOf([{ trace: 't1', selected: true, values: { x: '1' } }, { trace: 't2', selected: false, values: { x: '1', y: '2' } }, { trace: 't3', selected: false, values: {} }], (field) => field)
    expect(sides).toEqual({ inside: 1, outside: 2 })
    expect(distributions[0]).toEqual({ field: 'x', label: 'x', inside: 1, outside: 1, distinct: 1, values: [{ value: '1', inside: 1, outside: 1, example: 't1', counter: 't2' }] })
  })
})
