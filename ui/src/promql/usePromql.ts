import { useLoad, type Loaded } from '../api/query'
import { query, queryExemplars, queryRange, type Answer, type ExemplarSeries, type QueryData, type QueryOptions, type RangeData, type Steps } from './client'

interface Options extends Omit<QueryOptions, 'signal'> {
  enabled?: boolean
  keepPrevious?: boolean
}

// `null` asks nothing.
export function useRangeQuery(expression: string | null, steps: Steps, { enabled = true, keepPrevious = true, ...options }: Options = {}): Loaded<Answer<RangeData>> {
  const { start, end, step } = steps
  return useLoad(['promql', 'range', expression, start, end, step, options], (signal) => queryRange(expression ?? '', steps, { ...options, signal }), {
    enabled: enabled && expression !== null, keepPrevious,
  })
}

export function useInstantQuery(expression: string | null, time: number, { enabled = true, keepPrevious = true, ...options }: Options = {}): Loaded<Answer<QueryData>> {
  return useLoad(['promql', 'instant', expression, time, options], (signal) => query(expression ?? '', time, { ...options, signal }), {
    enabled: enabled && expression !== null, keepPrevious,
  })
}

export function useExemplars(expression: string | null, { start, end }: Steps, enabled = true): Loaded<Answer<ExemplarSeries[]>> {
  return useLoad(['promql', 'exemplars', expression, start, end], (signal) => queryExemplars(expression ?? '', { start, end }, { signal, low: true }), {
    enabled: enabled && expression !== null,
  })
}
