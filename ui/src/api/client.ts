import { resolve } from '../url/base'
import { readFault } from './fault'
import type { Fault, Schema, SqlAnswer, SqlValue, Status } from './types'

export class ApiError extends Error {
  readonly fault: Fault
  readonly status: number

  constructor(fault: Fault, status: number) {
    super(fault.message)
    this.fault = fault
    this.status = status
  }
}

async function request(path: string, init?: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(resolve(path), init)
  } catch (cause) {
    if (init?.signal?.aborted) throw new ApiError({ kind: 'cancelled', message: 'cancelled' }, 0)
    throw new ApiError({ kind: 'network', message: cause instanceof Error ? cause.message : String(cause) }, 0)
  }
  if (!response.ok) throw await faultOf(response)
  return response
}

const faultOf = async (response: Response): Promise<ApiError> => new ApiError(readFault(await response.text(), response.status), response.status)

export async function readJson<T>(path: string, init?: RequestInit): Promise<T> {
  const response = await request(path, init)
  try {
    return (await response.json()) as T
  } catch {
    throw new ApiError({ kind: 'execution', message: `${path} did not answer JSON` }, response.status)
  }
}

export interface SqlOptions {
  limit?: number
  timeout_ms?: number
  signal?: AbortSignal
}

function sqlRequest(body: object, signal?: AbortSignal): RequestInit {
  const init: RequestInit = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  if (signal) init.signal = signal
  return init
}

export function runSql(query: string, { signal, ...limits }: SqlOptions = {}): Promise<SqlAnswer> {
  return readJson<SqlAnswer>('api/sql', sqlRequest({ query, format: 'json', ...limits }, signal))
}

// The JSON answer as bytes, for whoever parses it off the main thread.
export async function runSqlBytes(query: string, { signal, ...limits }: SqlOptions = {}): Promise<ArrayBuffer> {
  const response = await request('api/sql', sqlRequest({ query, format: 'json', ...limits }, signal))
  return response.arrayBuffer()
}

export async function exportSql(query: string, format: 'csv' | 'parquet'): Promise<Blob> {
  const response = await request('api/sql', sqlRequest({ query, format, limit: 1_000_000, timeout_ms: 120_000 }))
  return response.blob()
}

export const fetchStatus = (signal?: AbortSignal): Promise<Status> => readJson('api/status', signal ? { signal } : {})
export const fetchSchema = (signal?: AbortSignal): Promise<Schema> => readJson('api/schema', signal ? { signal } : {})
export const sendTestSpan = (): Promise<{ trace_id: string }> => readJson('api/test-span', { method: 'POST' })

export type Row = Record<string, SqlValue>

export function toObjects(answer: SqlAnswer): Row[] {
  return answer.rows.map((row) => {
    const record: Row = {}
    answer.columns.forEach((column, index) => {
      record[column.name] = row[index] ?? null
    })
    return record
  })
}

export function column(answer: SqlAnswer, name: string): SqlValue[] {
  const index = answer.columns.findIndex((candidate) => candidate.name === name)
  return index < 0 ? [] : answer.rows.map((row) => row[index] ?? null)
}
