import { describe, expect, it } from 'vitest'
import { instanceOf, marksOf, readRecord, type LogRecord } from './record'
import { emptyWindow, grow, settlePage, type Window } from './window'

const start = 1_700_000_000n
const at = (second: number, body = ''): LogRecord => readRecord({ time: new Date(Number(start + BigInt(second)) * 1000).toISOString().replace('Z', '000000Z'), body })
const seconds = (records: readonly LogRecord[]): number[] => records.map(({ time }) => Number(time / 1_000_000_000n - start))

describe('a page', () => {
  const cases: [what: string, times: number[], limit: number, kept: number[] | 'crowded', more: boolean][] = [
    ['that is the last', [9, 8, 8], 5, [9, 8, 8], false],
    ['that is empty', [], 5, [], false],
    ['cut within a moment leaves it to the next', [9, 8, 7, 7], 4, [9, 8], true],
    ['cut between moments leaves the last all the same', [9, 8, 7, 6], 4, [9, 8, 7], true],
    ['of one moment', [7, 7, 7], 3, 'crowded', true],
  ]
  for (const [what, times, limit, kept, more] of cases) {
    it(what, () => {
      const settled = settlePage(times.map((time) => at(time)), limit)
      if ('crowded' in settled) expect(kept).toBe('crowded')
      else expect({ kept: seconds(settled.records), more: settled.more }).toEqual({ kept, more })
    })
  }
})

describe('a window', () => {
  const of = (times: number[]): Window => ({ records: times.map((time) => at(time)), older: true, newer: false })
  const cases: [what: string, held: number[], side: 'older' | 'newer', fresh: number[], most: number, then: number[], older: boolean, newer: boolean][] = [
    ['grows older', [9, 8], 'older', [7, 6], 10, [9, 8, 7, 6], true, false],
    ['grows newer', [7, 6], 'newer', [8, 9], 10, [9, 8, 7, 6], true, true],
    ['lets the newest go', [9, 8], 'older', [7, 6], 3, [8, 7, 6], true, true],
    ['lets the oldest go', [7, 6], 'newer', [8, 9], 3, [9, 8, 7], true, true],
    ['parts no moment', [9, 9, 9, 8], 'older', [7, 6], 4, [8, 7, 6], true, true],
    ['parts no moment at the other end', [7, 6, 6, 6], 'newer', [8], 3, [8, 7], true, true],
    ['keeps a moment that is too large', [9], 'older', [8, 8, 8, 8], 3, [8, 8, 8, 8], true, true],
  ]
  for (const [what, held, side, fresh, most, then, older, newer] of cases) {
    it(what, () => {
      const grown = grow(of(held), side, fresh.map((time) => at(time)), true, most)
      expect({ records: seconds(grown.records), older: grown.older, newer: grown.newer }).toEqual({ records: then, older, newer })
    })
  }

  // Scrolling down and up again, with many records at each moment, meets every record, once, in order.
  it('meets everything, both ways', () => {
    const all = Array.from({ length: 500 }, (_, index) => at(Math.floor(index / 7), String(index))).reverse()
    const ask = (side: 'older' | 'newer', from: bigint, limit: number) =>
      (side === 'older' ? all.filter(({ time }) => time < from) : all.filter(({ time }) => time > from).reverse()).slice(0, limit)
    const momentOf = (moment: bigint, side: 'older' | 'newer') => (side === 'older' ? all : [...all].reverse()).filter(({ time }) => time === moment)
    for (const limit of [3, 7, 8, 40]) {
      let window = emptyWindow
      const met = new Set<string>()
      const walk = (side: 'older' | 'newer') => {
        for (let more = true, steps = 0; more && steps < 1000; steps += 1) {
          const edge = side === 'older' ? window.records.at(-1)?.time : window.records[0]?.time
          const asked = ask(side, edge ?? start * 2_000_000_000n, limit)
          const settled = settlePage(asked, limit)
          const page = 'crowded' in settled ? { records: momentOf(settled.crowded, side), more: true } : settled
          window = grow(window, side, page.records, page.more, 60)
          for (const { body } of window.records) met.add(body)
          expect(window.records.map(({ body }) => Number(body))).toEqual([...window.records].map(({ body }) => Number(body)).sort((left, right) => right - left))
          more = page.more
        }
      }
      walk('older')
      expect(met.size).toBe(all.length)
      expect(window.records.at(-1)?.body).toBe('0')
      met.clear()
      for (const { body } of window.records) met.add(body)
      walk('newer')
      expect(window.records[0]?.body).toBe('499')
      expect(met.size).toBe(all.length)
    }
  })
})

describe('a record', () => {
  const base = { time: '2026-11-22T06:00:00.000000000Z', body: 'x' }
  const cases: [row: object, marks: string[]][] = [
    [{}, []],
    [{ body: 'caf\uFFFD' }, ['invalid']],
    [{ attributes: { 'luneta.body.sent_bytes': 10485760 } }, ['cut']],
    [{ attributes: { 'luneta.time.sent': '-1' } }, ['timed']],
    [{ dropped_attributes_count: 3 }, ['dropped']],
    [{ observed_time: '2026-11-22T05:59:30.000000000Z' }, []],
    [{ observed_time: '2026-11-22T05:00:00.000000000Z' }, ['ahead']],
  ]
  for (const [row, marks] of cases) it(`${JSON.stringify(row)} is marked ${marks.join() || 'not at all'}`, () => expect(marksOf(readRecord({ ...base, ...row }))).toEqual(marks))

  it('knows its instance', () => {
    expect(instanceOf(readRecord({ ...base, resource_attributes: { 'host.name': 'a', 'service.instance.id': 'b' } }))).toEqual({ key: 'resource:service.instance.id', value: 'b' })
    expect(instanceOf(readRecord(base))).toBeNull()
  })
})
