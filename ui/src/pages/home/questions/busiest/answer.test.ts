import { describe, expect, it } from 'vitest'
import type { Quarter } from '../requests/answer'
import { answerBusiest, average, strength } from './answer'

const at = (time: string, requests: number): Quarter => ({ start: Date.parse(time), requests, early: 0, failed: 0, outside: 0 })
const now = Date.parse('2026-11-21T14:37:00Z')

describe('busiest hour', () => {
  const cases: [what: string, quarters: Quarter[], zone: string, weekday: number | null, hour: number | null, average: number][] = [
    ['no requests', [], 'UTC', null, null, 0],
    ['quarters of an hour add up', [at('2026-11-21T14:00:00Z', 3), at('2026-11-21T14:30:00Z', 4), at('2026-11-21T13:00:00Z', 6)].reverse(), 'UTC', 5, 14, 7],
    ['the zone decides', [at('2026-11-21T02:00:00Z', 3)], 'America/Sao_Paulo', 4, 23, 3],
    [
      'two weeks are averaged',
      [at('2026-11-14T09:00:00Z', 100), at('2026-11-18T10:00:00Z', 60), at('2026-11-21T09:00:00Z', 0)],
      'UTC', 2, 10, 60,
    ],
  ]
  for (const [what, quarters, zone, weekday, hour, requests] of cases) {
    it(what, () => {
      const { busiest, most } = answerBusiest(quarters, now, zone)
      expect([busiest?.weekday ?? null, busiest?.hour ?? null, most]).toEqual([weekday, hour, requests])
    })
  }

  it('counts how often each hour came', () => {
    const { cells, days } = answerBusiest([at('2026-11-14T14:00:00Z', 1)], now, 'UTC')
    const times = (weekday: number, hour: number) => cells[weekday * 24 + hour]?.times
    expect([times(5, 14), times(5, 15), times(4, 14)]).toEqual([2, 1, 1])
    expect(days).toBeCloseTo(7.03, 2)
  })

  it('has five strengths', () => {
    const cell = (requests: number, times = 1) => ({ weekday: 0, hour: 0, requests, times })
    expect([0, 1, 20, 21, 100].map((requests) => strength(cell(requests), 100))).toEqual([0, 1, 1, 2, 5])
    expect(average(cell(9, 0))).toBe(0)
  })
})
