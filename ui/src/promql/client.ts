// Prometheus's API, which Luneta serves below /api/v1: PromQL, labels, metadata, exemplars.
import { ApiError } from '../api/client'
import { faultOfText } from '../api/fault'
import type { FaultKind } from '../api/types'
import { resolve } from '../url/base'
import { escapeName, type Answer, type ExemplarSeries, type Labels, type MetricMetadata, type QueryData, type RangeData, type Sizes, type Span, type Steps, type TreeNode } from './answer'
import { inTurn } from './queue'

export type * from './answer'

export interface AskOptions {
  signal?: AbortSignal
  low?: boolean // waits for its turn behind what somebody looks at
}

interface Body {
  status: string
  data: unknown
  errorType?: string
  error?: string
  warnings?: string[]
  infos?: string[]
}

type Parameters = readonly (readonly [name: string, value: string | number | undefined])[]

function encode(parameters: Parameters): URLSearchParams {
  const encoded = new URLSearchParams()
  for (const [name, value] of parameters) if (value !== undefined) encoded.append(name, String(value))
  return encoded
}

// The address of a question, for "show the bare answer".
export const promPath = (path: string, parameters: Parameters): string => `api/v1/${path}?${encode(parameters)}`

async function send<T>(path: string, parameters: Parameters, method: 'GET' | 'POST', { signal, low }: AskOptions): Promise<Answer<T>> {
  const init: RequestInit & { priority?: string } = { method, ...(signal ? { signal } : {}), ...(low ? { priority: 'low' } : {}) }
  // Queries may be longer than an address; a form is as good.
  if (method === 'POST') init.body = encode(parameters)
  const address = resolve(method === 'POST' ? `api/v1/${path}` : promPath(path, parameters))
  let response: Response
  try {
    response = await fetch(address, init)
  } catch (cause) {
    if (signal?.aborted) throw new ApiError({ kind: 'cancelled', message: 'cancelled' }, 0)
    throw new ApiError({ kind: 'network', message: cause instanceof Error ? cause.message : String(cause) }, 0)
  }
  const body = await read(response, signal)
  if (body.status !== 'success') throw new ApiError(faultOfText(body.errorType ?? '', body.error ?? `HTTP ${response.status}`), response.status)
  return { data: body.data as T, warnings: body.warnings ?? [], infos: body.infos ?? [] }
}

async function read(response: Response, signal?: AbortSignal): Promise<Body> {
  try {
    return (await response.json()) as Body
  } catch {
    if (signal?.aborted) throw new ApiError({ kind: 'cancelled', message: 'cancelled' }, 0)
    const kind: FaultKind = response.status === 429 ? 'busy' : response.status === 504 ? 'timeout' : 'execution'
    throw new ApiError({ kind, message: `HTTP ${response.status}` }, response.status)
  }
}

function ask<T>(path: string, parameters: Parameters, options: AskOptions = {}, method: 'GET' | 'POST' = 'POST'): Promise<Answer<T>> {
  const run = () => send<T>(path, parameters, method, options)
  return options.low ? inTurn(run, options.signal) : run()
}

export interface QueryOptions extends AskOptions {
  stats?: boolean
  limit?: number
}

const extras = ({ stats, limit }: QueryOptions): Parameters => [['stats', stats ? 'true' : undefined], ['limit', limit]]

export const query = (expression: string, time: number, options: QueryOptions = {}): Promise<Answer<QueryData>> =>
  ask('query', [['query', expression], ['time', time], ...extras(options)], options)

export const queryRange = (expression: string, { start, end, step }: Steps, options: QueryOptions = {}): Promise<Answer<RangeData>> =>
  ask('query_range', [['query', expression], ['start', start], ['end', end], ['step', step], ...extras(options)], options)

export const queryExemplars = (expression: string, { start, end }: Span, options: AskOptions = {}): Promise<Answer<ExemplarSeries[]>> =>
  ask('query_exemplars', [['query', expression], ['start', start], ['end', end]], options)

export interface Among extends Partial<Span> {
  match?: readonly string[]
  limit?: number
}

const among = ({ match = [], start, end, limit }: Among): Parameters => [...match.map((one) => ['match[]', one] as const), ['start', start], ['end', end], ['limit', limit]]

export const labels = (where: Among = {}, options: AskOptions = {}): Promise<Answer<string[]>> => ask('labels', among(where), options)

export const values = (label: string, where: Among = {}, options: AskOptions = {}): Promise<Answer<string[]>> =>
  ask(`label/${encodeURIComponent(escapeName(label))}/values`, among(where), options, 'GET')

export const series = (where: Among, options: AskOptions = {}): Promise<Answer<Labels[]>> => ask('series', among(where), options)

export const metadata = (where: { metric?: string; limit?: number } = {}, options: AskOptions = {}): Promise<Answer<Record<string, MetricMetadata[]>>> =>
  ask('metadata', [['metric', where.metric], ['limit', where.limit]], options, 'GET')

export const parseQuery = (expression: string, options: AskOptions = {}): Promise<Answer<TreeNode>> => ask('parse_query', [['query', expression]], options)

export const formatQuery = (expression: string, options: AskOptions = {}): Promise<Answer<string>> => ask('format_query', [['query', expression]], options)

export const sizes = (limit = 10, options: AskOptions = {}): Promise<Answer<Sizes>> => ask('status/tsdb', [['limit', limit]], options, 'GET')
