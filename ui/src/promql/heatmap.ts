// Observations by time and size, from classic buckets (`le`) or native histograms.
import { numberOf, type MatrixSeries, type Steps } from './answer'
import { timesOf } from './series'

export interface Cells {
  times: readonly number[] // ends of columns, seconds since 1970
  step: number
  bounds: readonly (readonly [lower: number, upper: number])[] // rows, the smallest first
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

interface Row {
  lower: number
  upper: number
  counts: number[]
}

// Classic buckets count everything up to their bound: what lies between two bounds is their difference.
function classicRows(result: readonly MatrixSeries[], columnOf: (time: number) => number, columns: number): Row[] {
  const sorted = result.map((series) => ({ upper: numberOf(series.metric['le'] ?? 'NaN'), values: series.values ?? [] })).filter(({ upper }) => !Number.isNaN(upper)).sort((left, right) => left.upper - right.upper)
  let below = new Array<number>(columns).fill(0)
  let lower = sorted[0] && sorted[0].upper <= 0 ? -Infinity : 0
  return sorted.map(({ upper, values }) => {
    const upTo = [...below]
    for (const [time, written] of values) {
      const [at, value] = [columnOf(time), numberOf(written)]
      // Counts of a rate may lie below those of a smaller bucket by rounding.
      if (at >= 0 && at < columns && Number.isFinite(value)) upTo[at] = Math.max(value, below[at] ?? 0)
    }
    const row = { lower, upper, counts: upTo.map((count, at) => small(count - (below[at] ?? 0), count)) }
    below = upTo
    lower = upper
    return row
  })
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
