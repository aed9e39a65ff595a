import { describe, expect, it } from 'vitest'
import { counted, readSampling, traceSample } from './sampling'

describe('what sampling did', () => {
  const cases: [what: string, row: Record<string, unknown> | undefined, sampled: boolean, kept: number][] = [
    ['no answer', undefined, false, 1],
    ['no spans', { spans: 0, marked: 0, stands_for: null }, false, 1],
    ['nothing marked', { spans: 100, marked: 0, stands_for: null }, false, 1],
    ['marked, all kept', { spans: 100, marked: 100, stands_for: 100 }, false, 1],
    ['one in four', { spans: 100, marked: 100, stands_for: 400 }, true, 0.25],
    ['some of them', { spans: 150, marked: 50, stands_for: 200 }, true, 0.5],
  ]
  for (const [what, row, sampled, kept] of cases) {
    it(what, () => expect(readSampling(row)).toMatchObject({ sampled, kept }))
  }
})

describe('joins look at a bounded number of spans', () => {
  const cases: [spans: number, oneIn: number, condition: string][] = [
    [0, 1, 'TRUE'],
    [400_000, 1, 'TRUE'],
    [400_001, 2, "right(hex(trace_id), 4) < '8000'"],
    [6_000_000, 16, "right(hex(trace_id), 4) < '1000'"],
    [1e15, 65_536, "right(hex(trace_id), 4) < '0001'"],
  ]
  for (const [spans, oneIn, condition] of cases) {
    it(`${spans} spans`, () => {
      const sample = traceSample(spans)
      expect([sample.oneIn, sample.condition.text]).toEqual([oneIn, condition])
    })
  }
})

describe('SQL', () => {
  it('counts plainly where nothing is sampled', () => expect(counted(false).text).toBe('count(*)'))
  it('weighs where something is', () => expect(counted(true).text).toContain('72057594037927936.0 / nullif('))
})
