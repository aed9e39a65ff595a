// One number of many.
import type { Reducer } from '../model/document'

export function reduceValues(values: readonly (number | null)[], reducer: Reducer): number | null {
  const known = values.filter((value): value is number => value !== null && !Number.isNaN(value))
  const [first, last] = [known[0], known.at(-1)]
  if (first === undefined || last === undefined) return reducer === 'count' ? 0 : null
  switch (reducer) {
    case 'last':
      return last
    case 'first':
      return first
    case 'count':
      return known.length
    case 'sum':
      return sum(known)
    case 'mean':
      return sum(known) / known.length
    case 'min':
      return known.reduce((least, value) => Math.min(least, value), Infinity)
    case 'max':
      return known.reduce((most, value) => Math.max(most, value), -Infinity)
    case 'range':
      return (reduceValues(known, 'max') ?? 0) - (reduceValues(known, 'min') ?? 0)
    case 'delta':
      return increase(known)
    case 'median':
      return quantile(known, 0.5)
    case 'p95':
      return quantile(known, 0.95)
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

// Of a counter: a fall is a restart from zero.
function increase(values: readonly number[]): number {
  return values.slice(1).reduce((total, value, at) => total + (value >= (values[at] ?? 0) ? value - (values[at] ?? 0) : value), 0)
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right)
  const at = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(at)] ?? 0, sorted[Math.ceil(at)] ?? 0]
  return below + (above - below) * (at - Math.floor(at))
}

export const reducerTitles: Record<Reducer, string> = {
  last: 'Last', first: 'First', mean: 'Mean', min: 'Min', max: 'Max', sum: 'Total', count: 'Count', range: 'Range', delta: 'Delta', median: 'Median', p95: 'p95',
}
