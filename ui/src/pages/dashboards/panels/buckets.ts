// From histograms, classic (`le`) or native, to the cells of a heatmap.
import { numberOf, type MatrixSeries, type NativeHistogram, type Steps } from '../../../promql/answer'

export interface Heat {
  times: number[] // seconds since 1970
  bounds: { low: number; high: number; label: string }[] // from below
  cells: (number | null)[][] // by bound, then time
  most: number
}

export function heatOf(matrix: readonly MatrixSeries[], steps: Steps, write: (bound: number) => string): Heat {
  const count = Math.max(0, Math.floor((steps.end - steps.start) / steps.step + 1e-6) + 1)
  const times = Array.from({ length: count }, (_, at) => Math.round((steps.start + at * steps.step) * 1000) / 1000)
  const native = matrix.some(({ histograms }) => histograms !== undefined && histograms.length > 0)
  const made = native ? fromNative(matrix, steps, count, write) : fromClassic(matrix, steps, count, write)
  const most = made.cells.reduce((top, row) => row.reduce<number>((high, cell) => Math.max(high, cell ?? 0), top), 0)
  return { times, ...made, most }
}

type Made = Pick<Heat, 'bounds' | 'cells'>

function fromClassic(matrix: readonly MatrixSeries[], { start, step }: Steps, count: number, write: (bound: number) => string): Made {
  const byBound = new Map<number, number[]>()
  let labelled = false
  matrix.forEach(({ metric, values = [] }, index) => {
    const le = metric['le']
    if (le !== undefined) labelled = true
    const bound = le === undefined ? index : numberOf(le)
    const sums = byBound.get(bound) ?? new Array<number>(count).fill(Number.NaN)
    for (const [time, written] of values) {
      const at = Math.round((time - start) / step)
      if (at >= 0 && at < count) sums[at] = (Number.isNaN(sums[at] ?? Number.NaN) ? 0 : (sums[at] ?? 0)) + numberOf(written)
    }
    byBound.set(bound, sums)
  })
  const rows = [...byBound].sort(([left], [right]) => left - right)
  const names = matrix.map(({ metric }) => Object.values(metric).join(' · '))
  const bounds = rows.map(([high], at) => {
    const low = rows[at - 1]?.[0] ?? 0
    return { low, high, label: labelled ? (Number.isFinite(high) ? `≤ ${write(high)}` : `> ${write(low)}`) : (names[high] ?? '') }
  })
  const cells = rows.map(([, sums], at) => sums.map((value, time) => (labelled ? difference(value, rows[at - 1]?.[1][time]) : Number.isNaN(value) ? null : value)))
  return { bounds, cells }
}

// Buckets count all that is no larger: what one adds to the one below is its own.
function difference(value: number, below: number | undefined): number | null {
  if (Number.isNaN(value)) return null
  return Math.max(0, value - (below === undefined || Number.isNaN(below) ? 0 : below))
}

function fromNative(matrix: readonly MatrixSeries[], { start, step }: Steps, count: number, write: (bound: number) => string): Made {
  const rows = new Map<string, { low: number; high: number; cells: (number | null)[] }>()
  for (const { histograms = [] } of matrix) {
    for (const [time, histogram] of histograms) {
      const at = Math.round((time - start) / step)
      if (at < 0 || at >= count) continue
      for (const { low, high, amount } of bucketsOf(histogram)) {
        const row = rows.get(`${low} ${high}`) ?? { low, high, cells: new Array<number | null>(count).fill(null) }
        row.cells[at] = (row.cells[at] ?? 0) + amount
        rows.set(`${low} ${high}`, row)
      }
    }
  }
  const sorted = [...rows.values()].sort((left, right) => left.high - right.high)
  return { bounds: sorted.map(({ low, high }) => ({ low, high, label: `${write(low)} – ${write(high)}` })), cells: sorted.map(({ cells }) => cells) }
}

const bucketsOf = ({ buckets = [] }: NativeHistogram): { low: number; high: number; amount: number }[] =>
  buckets.map(([, low, high, amount]) => ({ low: numberOf(low), high: numberOf(high), amount: numberOf(amount) }))
