import { describe, expect, it } from 'vitest'
import { daysBefore, startOfDay, weekdayAndHour } from './calendar'

const iso = (time: number): string => new Date(time).toISOString().replace('.000Z', 'Z')

describe('days of a zone', () => {
  const cases: [zone: string, time: string, back: number, start: string, sameTime: string][] = [
    ['UTC', '2026-11-21T14:30:00Z', 0, '2026-11-21T00:00:00Z', '2026-11-21T14:30:00Z'],
    ['UTC', '2026-03-01T00:00:00Z', 1, '2026-02-28T00:00:00Z', '2026-02-28T00:00:00Z'],
    ['America/Sao_Paulo', '2026-11-21T01:30:00Z', 0, '2026-11-20T03:00:00Z', '2026-11-21T01:30:00Z'],
    ['America/Sao_Paulo', '2026-11-21T14:30:00Z', 7, '2026-11-14T03:00:00Z', '2026-11-14T14:30:00Z'],
    ['Asia/Kathmandu', '2026-11-21T14:30:00Z', 1, '2026-11-19T18:15:00Z', '2026-11-20T14:30:00Z'],
    // Clocks went back at one in the night of 25 October, and forward in that of 29 March.
    ['Europe/Berlin', '2026-10-25T12:00:00Z', 0, '2026-10-24T22:00:00Z', '2026-10-25T12:00:00Z'],
    ['Europe/Berlin', '2026-10-25T12:00:00Z', 1, '2026-10-23T22:00:00Z', '2026-10-24T11:00:00Z'],
    ['Europe/Berlin', '2026-03-29T10:00:00Z', 1, '2026-03-27T23:00:00Z', '2026-03-28T11:00:00Z'],
  ]
  for (const [zone, time, back, start, sameTime] of cases) {
    it(`${back} days before ${time} in ${zone}`, () => {
      expect(iso(startOfDay(Date.parse(time), zone, back))).toBe(start)
      expect(iso(daysBefore(Date.parse(time), zone, back))).toBe(sameTime)
    })
  }
})

describe('weekday and hour', () => {
  const cases: [zone: string, time: string, weekday: number, hour: number][] = [
    ['UTC', '2026-11-21T14:59:59Z', 5, 14],
    ['UTC', '2026-11-23T00:00:00Z', 0, 0],
    ['America/Sao_Paulo', '2026-11-23T02:00:00Z', 6, 23],
    ['Asia/Kolkata', '2026-11-21T18:45:00Z', 6, 0],
  ]
  for (const [zone, time, weekday, hour] of cases) {
    it(`${time} in ${zone}`, () => expect(weekdayAndHour(Date.parse(time), zone)).toEqual({ weekday, hour }))
  }
})
