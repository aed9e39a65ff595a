import { describe, expect, it } from 'vitest'
import { answerRequests, change, type Quarter } from './answer'

const at = (time: string, requests: number, early = 0): Quarter => ({ start: Date.parse(time), requests, early, failed: 1, outside: 2 })
const now = Date.parse('2026-11-21T14:37:00Z')

describe('requests of days', () => {
  const cases: [what: string, quarters: Quarter[], zone: string, today: number, yesterday: [number, number], lastWeek: [number, number]][] = [
    ['nothing', [], 'UTC', 0, [0, 0], [0, 0]],
    ['the present quarter counts whole up to now', [at('2026-11-21T14:30:00Z', 7, 7)], 'UTC', 7, [0, 0], [0, 0]],
    [
      'yesterday until the same minute',
      [at('2026-11-20T14:15:00Z', 10, 4), at('2026-11-20T14:30:00Z', 10, 4), at('2026-11-20T14:45:00Z', 10, 4)],
      'UTC', 0, [14, 30], [0, 0],
    ],
    ['last week', [at('2026-11-14T00:00:00Z', 3), at('2026-11-14T23:45:00Z', 5)], 'UTC', 0, [0, 0], [3, 8]],
    ['days begin at the zone’s midnight', [at('2026-11-21T02:45:00Z', 2), at('2026-11-21T03:00:00Z', 5)], 'America/Sao_Paulo', 5, [0, 2], [0, 0]],
  ]
  for (const [what, quarters, zone, today, yesterday, lastWeek] of cases) {
    it(what, () => {
      const answer = answerRequests(quarters, now, zone)
      expect(answer.today.soFar).toBe(today)
      expect([answer.yesterday.soFar, answer.yesterday.whole]).toEqual(yesterday)
      expect([answer.lastWeek.soFar, answer.lastWeek.whole]).toEqual(lastWeek)
    })
  }

  it('compares only with days that the record reaches', () => {
    const answer = answerRequests([at('2026-11-20T10:00:00Z', 1), at('2026-11-21T10:00:00Z', 1)], now, 'UTC')
    expect([answer.yesterday.known, answer.lastWeek.known]).toEqual([true, false])
  })

  it('draws a day in hours that end with the present quarter', () => {
    const { hours } = answerRequests([at('2026-11-20T14:30:00Z', 3), at('2026-11-20T14:45:00Z', 5), at('2026-11-21T14:30:00Z', 7)], now, 'UTC')
    expect(hours.length).toBe(24)
    expect(hours[0]).toMatchObject({ start: Date.parse('2026-11-20T14:45:00Z'), requests: 5 })
    expect(hours[23]).toMatchObject({ requests: 7, dayBefore: 3 })
  })
})

describe('change', () => {
  const cases: [now: number, then: number, change: number | null][] = [[112, 100, 0.12], [0, 10, -1], [5, 0, null]]
  for (const [after, before, expected] of cases) {
    it(`${before} to ${after}`, () => (expected === null ? expect(change(after, before)).toBeNull() : expect(change(after, before)).toBeCloseTo(expected)))
  }
})
