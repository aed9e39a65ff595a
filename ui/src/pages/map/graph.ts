// The map as data: who is there, and who calls whom.
import type { Row } from '../../api/client'
import type { SqlValue } from '../../api/types'
import type { Filter } from '../../sql/filter'
import { readRed, type Red } from '../services/fleet'

export type NodeKind = 'service' | 'database' | 'queue' | 'peer' | 'outside' | 'group'

export interface MapNode {
  id: string
  kind: NodeKind
  name: string
  label: string
  system: string | null // postgresql, kafka
  namespace: string | null
  red: Red | null // of services; others tell nothing of themselves
  filters: Filter[] // the spans that speak of it
  members: string[] // of a group
}

export interface MapEdge {
  id: string
  from: string
  to: string
  calls: number
  failed: number
  p50: number | null
  p95: number | null
  p99: number | null
  hopP50: number | null // the call's time beyond the work of its server
  hopP95: number | null
  traceId: string | null
  merged: number // calls of how many edges; their percentiles are the worst of them
}

export interface Graph {
  nodes: MapNode[]
  edges: MapEdge[]
}

export const idOf = (kind: NodeKind, name: string, system: string | null = null): string => (kind === 'service' ? `service:${name}` : `${kind}:${system ?? ''}:${name}`)

const textOrNull = (value: SqlValue | undefined): string | null => (value === null || value === undefined || value === '' ? null : String(value))

function quantile(value: SqlValue | undefined, place: number): number | null {
  const found = Array.isArray(value) ? value[place] : null
  return found === null || found === undefined ? null : Number(found)
}

export function readGraph(services: readonly Row[], calls: readonly Row[]): Graph {
  const nodes = new Map<string, MapNode>()
  for (const row of services) {
    const name = String(row['service_name'] ?? '')
    const id = idOf('service', name)
    nodes.set(id, { ...plainNode('service', id, name), red: readRed(row), namespace: textOrNull(row['namespace']), filters: [{ key: 'service', op: '=', value: name }] })
  }
  const edges = new Map<string, MapEdge>()
  for (const row of calls) {
    if (row['source'] === null || row['target'] === null) continue
    const from = endOf(row, 'source', nodes)
    const to = endOf(row, 'target', nodes)
    const id = `${from}→${to}`
    const edge = readEdge(row, id, from, to)
    const known = edges.get(id)
    edges.set(id, known ? merge(id, from, to, [known, edge]) : edge)
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] }
}

const plainNode = (kind: NodeKind, id: string, name: string): MapNode => ({ id, kind, name, label: shortLabel(kind, name), system: null, namespace: null, red: null, filters: [], members: [] })

function endOf(row: Row, side: 'source' | 'target', nodes: Map<string, MapNode>): string {
  const kind = String(row[`${side}_kind`]) as NodeKind
  const name = String(row[side])
  const system = kind === 'database' || kind === 'queue' ? textOrNull(row['system']) : null
  const id = idOf(kind, name, system)
  if (!nodes.has(id)) nodes.set(id, { ...plainNode(kind, id, name), system, filters: filtersOf(kind, name, row) })
  return id
}

function filtersOf(kind: NodeKind, name: string, row: Row): Filter[] {
  const equal = (key: string, value: string | null): Filter[] => (value === null ? [] : [{ key, op: '=', value }])
  const system = textOrNull(row['system'])
  switch (kind) {
    case 'service':
      return equal('service', name)
    case 'database':
      return [...equal('db.system.name', system), ...equal('server.address', textOrNull(row['peer'])), ...equal('db.namespace', textOrNull(row['namespace']))]
    case 'queue':
      return [...equal('messaging.system', system), ...(system === null || name === system ? [] : equal('messaging.destination.name', name))]
    case 'peer':
      return equal('server.address', textOrNull(row['peer']))
    default:
      return []
  }
}

// A database in a file is named by its path, of which the last part tells enough.
function shortLabel(kind: NodeKind, name: string): string {
  return kind === 'database' && /^[./]/.test(name) ? (name.split('/').filter(Boolean).at(-1) ?? name) : name
}

function readEdge(row: Row, id: string, from: string, to: string): MapEdge {
  return {
    id, from, to,
    calls: Number(row['calls']), failed: Number(row['failed']),
    p50: quantile(row['quantiles'], 0), p95: quantile(row['quantiles'], 1), p99: quantile(row['quantiles'], 2),
    hopP50: quantile(row['hops'], 0), hopP95: quantile(row['hops'], 1),
    traceId: textOrNull(row['trace_id']), merged: 1,
  }
}

const worst = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length > 0 ? Math.max(...known) : null
}

// Percentiles of several edges cannot be added up, so the worst stands for all.
export function merge(id: string, from: string, to: string, edges: readonly MapEdge[]): MapEdge {
  const most = [...edges].sort((left, right) => right.failed - left.failed || right.calls - left.calls)[0]
  const sum = (pick: (edge: MapEdge) => number): number => edges.reduce((total, edge) => total + pick(edge), 0)
  return {
    id, from, to,
    calls: sum(({ calls }) => calls), failed: sum(({ failed }) => failed),
    p50: worst(edges.map(({ p50 }) => p50)), p95: worst(edges.map(({ p95 }) => p95)), p99: worst(edges.map(({ p99 }) => p99)),
    hopP50: worst(edges.map(({ hopP50 }) => hopP50)), hopP95: worst(edges.map(({ hopP95 }) => hopP95)),
    traceId: most?.traceId ?? null, merged: sum(({ merged }) => merged),
  }
}

export type Health = 'fine' | 'some' | 'bad'

export const healthOf = ({ calls, failed }: { calls: number; failed: number }): Health => (failed === 0 ? 'fine' : failed / calls >= 0.05 ? 'bad' : 'some')

// From thin to wide by orders of magnitude: a hundred times the calls is not a hundred times the width.
export const widthOf = (calls: number, most: number): number => 1.2 + 5.8 * (Math.log10(1 + calls) / Math.log10(1 + Math.max(1, most)))
