// Observations by time and size, from classic buckets (`le`) or native histograms.
import { numberOf, type MatrixSeries, type Steps } from './answer'
import { legends, timesOf } from './series'

export interface Cells {
  times: readonly number[] // ends of columns, seconds since 1970
  step: number
  bounds: readonly (readonly [lower: number, upper: number])[] // rows, the smallest first
  labels?: readonly string[] // of rows that have names rather than bounds
  counts: readonly (readonly number[])[] // by row, then column
  most: number
}

const tiny = 1e-9

export function cellsOf(result: readonly MatrixSeries[], steps: Steps): Cells {
  const times = timesOf(steps)
  const columnOf = (time: number) => Math.round((time - steps.start) / steps.step)
  const native = result.some(({ histograms }) => histograms && histograms.length > 0)
  const rows = native ? nativeRows(result, columnOf, times.length) : classicRows(result, columnOf, times.length)
  const trimmed = trim(rows)
  const most = trimmed.reduce((high, { counts }) => counts.reduce((sofar, count) => Math.max(sofar, count), high), 0)
  return { times, step: steps.step, bounds: trimmed.map(({ lower, upper }) => [lower, upper] as const), counts: trimmed.map(({ counts }) => counts), most }
}

// Series without buckets: each is a row of its own, under its name.
export function rowsOfSeries(result: readonly MatrixSeries[], steps: Steps): Cells {
  const times = timesOf(steps)
  const counts = result.map(({ values = [] }) => {
    const row = new Array<number>(times.length).fill(0)
    for (const [time, written] of values) {
      const [at, value] = [Math.round((time - steps.start) / steps.step), numberOf(written)]
      if (at >= 0 && at < row.length && Number.isFinite(value)) row[at] = value
    }
    return row
  })
  const most = counts.reduce((high, row) => row.reduce((sofar, count) => Math.max(sofar, count), high), 0)
  return { times, step: steps.step, bounds: counts.map((_, at) => [at, at + 1] as const), labels: legends(result.map(({ metric }) => metric)), counts, most }
}

export const nameOfRow = ({ bounds, labels }: Cells, row: number, write: (bound: number) => string): string => labels?.[row] ?? write(bounds[row]?.[1] ?? 0)

interface Row {
  lower: number
  upper: number
  counts: number[]
}

// Classic buckets count everything up to their bound: what lies between two bounds is their difference.
function classicRows(result: readonly MatrixSeries[], columnOf: (time: number) => number, columns: number): Row[] {
  const sorted = [...countsByBound(result, columnOf, columns)].sort(([left], [right]) => left - right)
  let below = new Array<number>(columns).fill(0)
  let lower = sorted[0] && sorted[0][0] <= 0 ? -Infinity : 0
  return sorted.map(([upper, sums]) => {
    // Counts of a rate may lie below those of a smaller bucket by rounding.
    const upTo = sums.map((sum, at) => (Number.isNaN(sum) ? (below[at] ?? 0) : Math.max(sum, below[at] ?? 0)))
    const row = { lower, upper, counts: upTo.map((count, at) => small(count - (below[at] ?? 0), count)) }
    below = upTo
    lower = upper
    return row
  })
}

// Of several series with one bound, the sum; NaN where none has a value.
function countsByBound(result: readonly MatrixSeries[], columnOf: (time: number) => number, columns: number): Map<number, number[]> {
  const bounds = new Map<number, number[]>()
  for (const { metric, values = [] } of result) {
    const upper = numberOf(metric['le'] ?? 'NaN')
    if (Number.isNaN(upper)) continue
    const sums = bounds.get(upper) ?? new Array<number>(columns).fill(Number.NaN)
    bounds.set(upper, sums)
    for (const [time, written] of values) {
      const [at, value] = [columnOf(time), numberOf(written)]
      const before = sums[at]
      if (before !== undefined && Number.isFinite(value)) sums[at] = (Number.isNaN(before) ? 0 : before) + value
    }
  }
  return bounds
}

const small = (difference: number, of: number): number => (difference <= tiny * Math.max(1, of) ? 0 : difference)

function nativeRows(result: readonly MatrixSeries[], columnOf: (time: number) => number, columns: number): Row[] {
  const rows = new Map<string, Row>()
  for (const { histograms = [] } of result) {
    for (const [time, { buckets = [] }] of histograms) {
      const at = columnOf(time)
      if (at < 0 || at >= columns) continue
      for (const [, lower, upper, count] of buckets) {
        const key = `${lower} ${upper}`
        const row = rows.get(key) ?? { lower: numberOf(lower), upper: numberOf(upper), counts: new Array<number>(columns).fill(0) }
        rows.set(key, row)
        row.counts[at] = (row.counts[at] ?? 0) + numberOf(count)
      }
    }
  }
  return joined([...rows.values()].sort((left, right) => left.lower - right.lower || left.upper - right.upper))
}

const rowsMost = 48

// Fine buckets are put together until they can be told apart on a screen.
function joined(rows: Row[]): Row[] {
  if (rows.length <= rowsMost) return rows
  const factor = Math.ceil(rows.length / rowsMost)
  const out: Row[] = []
  for (let at = 0; at < rows.length; at += factor) {
    const group = rows.slice(at, at + factor)
    const [first, last] = [group[0], group.at(-1)]
    if (first && last) out.push({ lower: first.lower, upper: last.upper, counts: first.counts.map((_, column) => group.reduce((sum, { counts }) => sum + (counts[column] ?? 0), 0)) })
  }
  return out
}

// Rows that are empty at either end say nothing but that there was nothing.
function trim(rows: readonly Row[]): readonly Row[] {
  const used = rows.map(({ counts }) => counts.some((count) => count > 0))
  const [first, last] = [used.indexOf(true), used.lastIndexOf(true)]
  return first < 0 ? [] : rows.slice(Math.max(0, first - 1), last + 2)
}

// Where a value lies, in rows from below; null outside.
export function rowOf({ bounds }: Pick<Cells, 'bounds'>, value: number): number | null {
  const at = bounds.findIndex(([lower, upper]) => value > lower - tiny && value <= upper)
  const found = bounds[at]
  if (!found) return null
  const [lower, upper] = found
  const share = Number.isFinite(upper) && Number.isFinite(lower) && upper > lower ? (value - lower) / (upper - lower) : 0.5
  return at + share
}
