// Rate, errors and latency over time, and the same hours of the day before laid over them.
import type { Row } from '../../api/client'
import { bucketStarts, type Range } from '../../time/range'
import { readRed } from '../services/fleet'

export const day = 86_400_000_000_000n

export interface RedTrend {
  times: number[]
  rate: (number | null)[]
  errors: (number | null)[]
  p50: (number | null)[]
  p95: (number | null)[]
  p99: (number | null)[]
  total: number
  failed: number
}

export const dayBefore = ({ from, to }: Range): Range => ({ from: from - day, to: to - day })

// A service that answers requests is drawn by them alone; any other by all its spans.
export function readTrend(rows: readonly Row[], range: Range, seconds: number): RedTrend {
  const times = bucketStarts(range, seconds)
  const place = new Map(times.map((time, index) => [time, index]))
  const own = rows.some((row) => Number(row['requests']) > 0)
  const none = (): null[] => new Array<null>(times.length).fill(null)
  const trend: RedTrend = { times, rate: times.map((time) => (covered(time, seconds, range) < seconds / 2 ? null : 0)), errors: none(), p50: none(), p95: none(), p99: none(), total: 0, failed: 0 }
  for (const row of rows) {
    const index = place.get(Number(row['second']))
    const red = readRed(row)
    if (index === undefined || red.own !== own || red.total === 0) continue
    if (trend.rate[index] === 0) trend.rate[index] = red.total / covered(times[index] ?? 0, seconds, range)
    trend.errors[index] = red.failed / red.total
    trend.p50[index] = red.p50
    trend.p95[index] = red.p95
    trend.p99[index] = red.p99
    trend.total += red.total
    trend.failed += red.failed
  }
  return trend
}

// The first and last slice are cut by the range; without this their rate would seem to drop. Of a slice
// that is hardly covered a rate says nothing.
function covered(start: number, seconds: number, { from, to }: Range): number {
  const first = Math.max(start, Number(from) / 1e9)
  const last = Math.min(start + seconds, Number(to) / 1e9)
  return Math.max(0, last - first)
}

export const fit = <T>(values: readonly T[], length: number): (T | null)[] => Array.from({ length }, (_, index) => values[index] ?? null)
