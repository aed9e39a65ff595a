import { useLoad, useLoads, type Loaded } from '../api/query'
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

// Several queries over the same times; null asks nothing.
export function useRangeQueries(expressions: readonly (string | null)[], steps: Steps, options: Omit<QueryOptions, 'signal'> = {}): Loaded<Answer<RangeData>>[] {
  const { start, end, step } = steps
  return useLoads(expressions.map((expression) => ({
    key: ['promql', 'range', expression, start, end, step, options], enabled: expression !== null,
    load: (signal: AbortSignal) => queryRange(expression ?? '', steps, { ...options, signal }),
  })))
}

export function useInstantQueries(expressions: readonly (string | null)[], time: number, options: Omit<QueryOptions, 'signal'> = {}): Loaded<Answer<QueryData>>[] {
  return useLoads(expressions.map((expression) => ({
    key: ['promql', 'instant', expression, time, options], enabled: expression !== null,
    load: (signal: AbortSignal) => query(expression ?? '', time, { ...options, signal }),
  })))
}
