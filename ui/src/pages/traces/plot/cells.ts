// Spans counted by time and duration, and spans one by one.
import type { Row } from '../../../api/client'
import type { SeriesAnswer } from '../../../api/tempo'
import { parseTime } from '../../../time/nanoseconds'
import type { Range } from '../../../time/range'

export interface Cell {
  at: number // nanoseconds from the start of the range
  width: number
  low: number // nanoseconds
  high: number
  count: number
  errors: number
  slowest: string | null // a trace, where the answer names one
  span: string | null // and the span in it
}

export interface Dot {
  at: number
  duration: number
  failed: boolean
  trace: string
  span: string
  name: string
  service: string
}

export const levelsPerDecade = 5
export const dotsMost = 5000

const nice = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

// Columns that are wide enough to be told apart and pointed at.
export const columnsFor = (width: number): number => (width < 760 ? 56 : 120)

// The width of a column in nanoseconds that splits a range into at most `most` columns.
export function stepOf({ from, to }: Range, most = 120): number {
  const wanted = Number(to - from) / most
  if (wanted >= 1e9) return (nice.find((seconds) => seconds * 1e9 >= wanted) ?? Math.ceil(wanted / 86_400e9) * 86_400) * 1e9
  const power = 10 ** Math.floor(Math.log10(Math.max(1, wanted)))
  return Math.round(([1, 2, 5].find((factor) => factor * power >= wanted) ?? 10) * power)
}

export const levelBounds = (level: number): { low: number; high: number } => ({ low: 10 ** (level / levelsPerDecade), high: 10 ** ((level + 1) / levelsPerDecade) })

export function readCells(rows: readonly Row[], range: Range, step: number): Cell[] {
  return rows.map((row) => ({
    at: Number(BigInt(String(row['at'])) - range.from),
    width: step,
    ...levelBounds(Number(row['level'])),
    count: Number(row['count']),
    errors: Number(row['errors']),
    slowest: row['slowest'] === null ? null : String(row['slowest']),
    span: row['span'] === null || row['span'] === undefined ? null : String(row['span']),
  }))
}

export function readDots(rows: readonly Row[], range: Range): Dot[] {
  return rows.map((row) => ({
    at: Number(parseTime(String(row['start_time'])) - range.from),
    duration: Number(row['duration_ns']),
    failed: row['status_code'] === 'ERROR',
    trace: String(row['trace_id']),
    span: String(row['span_id']),
    name: String(row['name']),
    service: String(row['service_name'] ?? ''),
  }))
}

function bucketNs(labels: SeriesAnswer['series'][number]['labels']): number | null {
  const value = labels.find(({ key }) => key === '__bucket')?.value
  const seconds = Number(value?.doubleValue ?? value?.intValue ?? value?.stringValue)
  return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds * 1e9) : null
}

// histogram_over_time(duration) of all spans, and of those that failed; buckets are powers of two.
export function cellsOfSeries(all: SeriesAnswer, failed: SeriesAnswer, range: Range, step: number): Cell[] {
  const cells = new Map<string, Cell>()
  const each = (answer: SeriesAnswer, add: (cell: Cell, count: number) => void) => {
    for (const { labels, samples = [] } of answer.series) {
      const high = bucketNs(labels)
      if (high === null) continue
      for (const { timestampMs, value } of samples) {
        if (!(value > 0)) continue
        const key = `${timestampMs} ${high}`
        const at = Number(BigInt(timestampMs) * 1_000_000n - range.from)
        const cell = cells.get(key) ?? { at, width: step, low: high / 2, high, count: 0, errors: 0, slowest: null, span: null }
        add(cell, value)
        cells.set(key, cell)
      }
    }
  }
  each(all, (cell, count) => (cell.count += count))
  each(failed, (cell, count) => (cell.errors += count))
  return [...cells.values()].map((cell) => ({ ...cell, count: Math.max(cell.count, cell.errors) }))
}

export interface Totals {
  count: number
  errors: number
  low: number
  high: number
}

export function totalsOf(cells: readonly Cell[]): Totals {
  const totals: Totals = { count: 0, errors: 0, low: Number.POSITIVE_INFINITY, high: 0 }
  for (const { count, errors, low, high } of cells) {
    totals.count += count
    totals.errors += errors
    totals.low = Math.min(totals.low, low)
    totals.high = Math.max(totals.high, high)
  }
  return totals
}

// The lower bound of the cells above which at most this share of the spans lies: a cut between levels.
export function slowCut(cells: readonly Cell[], share: number): number | null {
  const levels = new Map<number, number>()
  let total = 0
  for (const { low, count } of cells) {
    levels.set(low, (levels.get(low) ?? 0) + count)
    total += count
  }
  const ordered = [...levels].sort(([left], [right]) => right - left)
  let above = 0
  let cut: number | null = null
  for (const [low, count] of ordered.slice(0, -1)) {
    above += count
    if (cut !== null && above > total * share) break
    cut = Math.round(low)
  }
  return cut
}
