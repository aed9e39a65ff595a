import type { Row } from '../../../../api/client'
import { daysBefore, startOfDay } from '../calendar'
import { quarterSeconds } from './query'

export interface Quarter {
  start: number // epoch milliseconds
  requests: number
  early: number
  failed: number
  outside: number
}

export function readQuarters(rows: readonly Row[]): Quarter[] {
  return rows.map((row) => ({
    start: Number(row['second']) * 1000,
    requests: Number(row['requests']),
    early: Number(row['early']),
    failed: Number(row['failed']),
    outside: Number(row['outside']),
  }))
}

const quarterMs = quarterSeconds * 1000
const quarterOf = (time: number): number => Math.floor(time / quarterMs) * quarterMs

// Requests of [from, to); `to` is the present, or the same time of an earlier day, or the start of a quarter.
function requestsBetween(quarters: readonly Quarter[], from: number, to: number): number {
  const last = quarterOf(to)
  let sum = 0
  for (const { start, requests, early } of quarters) {
    if (start >= from && start < last) sum += requests
    else if (start === last && start >= from && to > last) sum += early
  }
  return sum
}

export interface Day {
  soFar: number
  whole: number
  // Whether the record reaches back to the beginning of that day.
  known: boolean
}

export interface RequestsAnswer {
  today: Day
  yesterday: Day
  lastWeek: Day
  outsideToday: number
  failedToday: number
  hours: { start: number; requests: number; failed: number; dayBefore: number }[]
}

export function answerRequests(quarters: readonly Quarter[], now: number, zone: string): RequestsAnswer {
  const first = quarters[0]?.start ?? now
  const dayOf = (back: number): Day => {
    const from = startOfDay(now, zone, back)
    const until = daysBefore(now, zone, back)
    const next = back === 0 ? now : startOfDay(now, zone, back - 1)
    return { soFar: requestsBetween(quarters, from, until), whole: requestsBetween(quarters, from, next), known: back === 0 || first < until }
  }
  const today = quarters.filter(({ start }) => start >= startOfDay(now, zone))
  const sum = (key: 'outside' | 'failed') => today.reduce((total, quarter) => total + quarter[key], 0)
  return { today: dayOf(0), yesterday: dayOf(1), lastWeek: dayOf(7), outsideToday: sum('outside'), failedToday: sum('failed'), hours: lastHours(quarters, now) }
}

const hourMs = 3_600_000

function lastHours(quarters: readonly Quarter[], now: number): RequestsAnswer['hours'] {
  const begin = quarterOf(now) - 24 * hourMs + quarterMs
  const hours = Array.from({ length: 24 }, (_, index) => ({ start: begin + index * hourMs, requests: 0, failed: 0, dayBefore: 0 }))
  for (const quarter of quarters) {
    const hour = hours[Math.floor((quarter.start - begin) / hourMs)]
    if (hour) {
      hour.requests += quarter.requests
      hour.failed += quarter.failed
    }
    const later = hours[Math.floor((quarter.start + 24 * hourMs - begin) / hourMs)]
    if (later) later.dayBefore += quarter.requests
  }
  return hours
}

// The change as a share of what was; null where there was nothing to compare with.
export const change = (now: number, then: number): number | null => (then > 0 ? now / then - 1 : null)
