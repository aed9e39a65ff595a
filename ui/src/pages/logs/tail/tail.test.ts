import { describe, expect, it } from 'vitest'
import { parseFilter, type Filter } from '../../../sql/filter'
import { readRecord } from '../record'
import { emptyBuffer, receive, resume, shownMost, waitingMost } from './buffer'
import { tailPath } from './tailPath'

const some = (amount: number, name: string) => Array.from({ length: amount }, (_, index) => readRecord({ time: '2026-11-22T06:00:00Z', body: `${name}${amount - index}` }))

describe('the tail', () => {
  it('shows the newest first, up to a bound', () => {
    const once = receive(emptyBuffer, some(2, 'a'), 0, false)
    const twice = receive(once, some(1, 'b'), 0, false)
    expect(twice.records.map(({ body }) => body)).toEqual(['b1', 'a2', 'a1'])
    expect(receive(twice, some(shownMost, 'c'), 0, false).records.length).toBe(shownMost)
  })

  it('keeps what comes while paused, counts what does not fit, and shows it in order', () => {
    const shown = receive(emptyBuffer, some(1, 'a'), 0, false)
    const paused = receive(receive(shown, some(2, 'b'), 0, true), some(1, 'c'), 0, true)
    expect(paused.records.length).toBe(1)
    expect(resume(paused).records.map(({ body }) => body)).toEqual(['c1', 'b2', 'b1', 'a1'])
    expect(resume(paused).waiting).toEqual([])
    const full = receive(paused, some(waitingMost, 'd'), 0, true)
    expect(full.waiting.length).toBe(waitingMost)
    expect(full.overflow).toBe(3)
  })

  it('adds up what the server dropped', () => expect(receive(receive(emptyBuffer, [], 3, false), [], 4, true).dropped).toBe(7))
})

describe('what the server is asked for', () => {
  const cases: [search: string, filters: string[], path: string][] = [
    ['', [], 'api/tail?signal=logs'],
    ['pan -fire', ['service=spam'], 'api/tail?signal=logs&service=spam&q=pan'],
    ['-fire level:error', [], 'api/tail?signal=logs'],
    ['"on fire" pan', ['severity>=ERROR'], 'api/tail?signal=logs&errors=true&q=on+fire'],
    ['', ['severity!=ERROR', 'service!=spam'], 'api/tail?signal=logs'],
  ]
  for (const [search, filters, path] of cases) it(`${search} ${filters.join(' ')}`, () => expect(tailPath(search, filters.map((filter) => parseFilter(filter) as Filter))).toBe(path))
})
