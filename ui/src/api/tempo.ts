// Tempo's API, which Luneta serves below /tempo: searches and series in TraceQL.
import { ApiError, readJson } from './client'
import type { KeyValue } from './anyValue'

export interface FoundSpan {
  spanID: string
  name: string
  startTimeUnixNano: string
  durationNanos: string
  attributes: KeyValue[]
}

export interface Spanset {
  matched: number
  spans: FoundSpan[]
  attributes?: KeyValue[]
}

export interface FoundTrace {
  traceID: string
  rootServiceName: string
  rootTraceName: string
  startTimeUnixNano: string
  durationMs: number
  spanSets: Spanset[]
  serviceStats: Record<string, { spanCount: number; errorCount: number }>
}

export interface SearchAnswer {
  traces: FoundTrace[]
  metrics: { inspectedTraces: number; completedJobs: number; totalJobs: number }
}

export interface SpanSeries {
  labels: KeyValue[]
  samples?: { timestampMs: string; value: number }[]
  value?: number
}

export interface SeriesAnswer {
  series: SpanSeries[]
  status: 'COMPLETE' | 'PARTIAL'
  message?: string
}

export interface TagScope {
  name: string
  tags: string[]
}

export interface TagValue {
  type: 'string' | 'int' | 'float' | 'bool' | 'keyword'
  value: string
}

export interface Window {
  from: bigint
  to: bigint
}

// Tempo says where a query is wrong in the text of its answer.
const placed = /^line (\d+), column (\d+): ([\s\S]*)$/

export function withPosition(cause: unknown): unknown {
  if (!(cause instanceof ApiError)) return cause
  const match = placed.exec(cause.fault.message)
  // What has no place is wrong as a whole, such as time series where traces are searched.
  if (!match) return cause.status === 400 ? new ApiError({ kind: 'parse', message: cause.fault.message }, cause.status) : cause
  return new ApiError({ kind: 'parse', message: match[3] ?? '', position: { line: Number(match[1]), column: Number(match[2]) } }, cause.status)
}

export function tempoPath(path: string, { from, to }: Window, parameters: Record<string, string> = {}): string {
  return `tempo/api/${path}?${new URLSearchParams({ ...parameters, start: String(from), end: String(to) })}`
}

async function ask<T>(path: string, signal?: AbortSignal): Promise<T> {
  try {
    return await readJson<T>(path, signal ? { signal } : {})
  } catch (cause) {
    throw withPosition(cause)
  }
}

export interface SearchOptions {
  limit: number
  spans: number
}

export const searchPath = (q: string, window: Window, { limit, spans }: SearchOptions): string =>
  tempoPath('search', window, { q, limit: String(limit), spss: String(spans) })

export const searchTraces = (q: string, window: Window, options: SearchOptions, signal?: AbortSignal): Promise<SearchAnswer> =>
  ask(searchPath(q, window, options), signal)

export const seriesPath = (q: string, window: Window, stepNs: number): string =>
  tempoPath('metrics/query_range', window, { q, step: `${stepNs}ns`, exemplars: '0' })

export const spanSeries = (q: string, window: Window, stepNs: number, signal?: AbortSignal): Promise<SeriesAnswer> =>
  ask(seriesPath(q, window, stepNs), signal)

export const totalsPath = (q: string, window: Window): string => tempoPath('metrics/query', window, { q })

// One number per series for the whole window.
export const spanTotals = (q: string, window: Window, signal?: AbortSignal): Promise<SeriesAnswer> => ask(totalsPath(q, window), signal)

export const tagScopes = async (window: Window, signal?: AbortSignal): Promise<TagScope[]> =>
  (await ask<{ scopes: TagScope[] }>(tempoPath('v2/search/tags', window), signal)).scopes

export async function tagValues(field: string, window: Window, { q, limit }: { q?: string; limit: number }, signal?: AbortSignal): Promise<TagValue[]> {
  const path = tempoPath(`v2/search/tag/${encodeURIComponent(field)}/values`, window, { limit: String(limit), ...(q ? { q } : {}) })
  return (await ask<{ tagValues: TagValue[] }>(path, signal)).tagValues
}
