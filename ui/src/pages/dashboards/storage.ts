// Where dashboards are kept: files of the server, each with a tag that changes when somebody saves it.
import { ApiError } from '../../api/client'
import type { FaultKind } from '../../api/types'
import { resolve } from '../../url/base'
import type { Dashboard } from './model/document'
import { filled, object, objects, texts } from './model/json'
import { readDashboard } from './model/read'
import { writeDashboard } from './model/write'

export interface Listed {
  id: string
  title: string
  tags: string[]
  updated: string
  etag: string
}

export interface Kept {
  dashboard: Dashboard
  etag: string
}

// Somebody else saved in between, or the name is taken.
export class Conflict extends ApiError {}
export class Absent extends ApiError {}

const kinds: readonly FaultKind[] = ['parse', 'plan', 'limit', 'timeout', 'execution', 'cancelled', 'network', 'busy']

async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response
  try {
    response = await fetch(resolve(path), init)
  } catch (cause) {
    if (init.signal?.aborted) throw new ApiError({ kind: 'cancelled', message: 'cancelled' }, 0)
    throw new ApiError({ kind: 'network', message: cause instanceof Error ? cause.message : String(cause) }, 0)
  }
  if (response.ok) return response
  const body = object(object(await response.json().catch(() => null))['error'])
  const kind = kinds.find((one) => one === body['kind']) ?? 'execution'
  const fault = { kind, message: filled(body['message']) ?? `HTTP ${response.status}` }
  if (response.status === 412) throw new Conflict(fault, 412)
  if (response.status === 404) throw new Absent(fault, 404)
  throw new ApiError(fault, response.status)
}

const address = (id: string): string => `api/dashboards/${encodeURIComponent(id)}`

async function json(response: Response): Promise<unknown> {
  try {
    return await response.json()
  } catch {
    throw new ApiError({ kind: 'execution', message: 'the answer is no JSON' }, response.status)
  }
}

export async function listDashboards(signal?: AbortSignal): Promise<Listed[]> {
  const body = object(await json(await send('api/dashboards', signal ? { signal } : {})))
  return objects(body['dashboards']).flatMap((one) => {
    const id = filled(one['id'])
    return id ? [{ id, title: filled(one['title']) ?? id, tags: texts(one['tags']), updated: filled(one['updated']) ?? '', etag: filled(one['etag']) ?? '' }] : []
  })
}

export async function fetchDashboard(id: string, signal?: AbortSignal): Promise<Kept> {
  const response = await send(address(id), signal ? { signal } : {})
  const etag = response.headers.get('etag') ?? ''
  const value = await json(response)
  try {
    return { dashboard: readDashboard(value), etag }
  } catch (cause) {
    throw new ApiError({ kind: 'parse', message: cause instanceof Error ? cause.message : String(cause) }, response.status)
  }
}

// With a tag, only what that tag names is replaced; without, nothing is.
export async function saveDashboard(id: string, dashboard: Dashboard, etag: string | null): Promise<string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', ...(etag === null ? { 'if-none-match': '*' } : { 'if-match': etag }) }
  const response = await send(address(id), { method: 'PUT', headers, body: writeDashboard(dashboard) })
  return response.headers.get('etag') ?? filled(object(await json(response))['etag']) ?? ''
}

// A free id: the wanted one, else with a number behind it.
export async function saveNew(wanted: string, dashboard: Dashboard): Promise<{ id: string; etag: string }> {
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? wanted : `${wanted.slice(0, 75)}-${number}`
    try {
      return { id, etag: await saveDashboard(id, dashboard, null) }
    } catch (cause) {
      if (!(cause instanceof Conflict) || number >= 100) throw cause
    }
  }
}

export async function removeDashboard(id: string, etag: string): Promise<void> {
  await send(address(id), { method: 'DELETE', headers: etag === '' ? {} : { 'if-match': etag } })
}
