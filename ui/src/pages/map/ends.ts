// What spans tell of the ends of counted calls.
import type { Row } from '../../api/client'
import type { Filter } from '../../sql/filter'
import type { Graph, MapNode } from './graph'

const tracesMost = 500

// Traces enough to meet every end of a call once.
export function tracesOfEnds(calls: readonly Row[]): string[] {
  const met = new Set<string>()
  const traces = new Set<string>()
  for (const { source, target, target_kind: kind, trace_id: trace } of calls) {
    const ends = [`service:${source}`, kind === 'service' ? `service:${target}` : `${kind}:${target}`]
    if (!trace || traces.size >= tracesMost || ends.every((end) => met.has(end))) continue
    for (const end of ends) met.add(end)
    traces.add(String(trace))
  }
  return [...traces]
}

const known = (value: unknown): string | null => (value === null || value === undefined || value === '' ? null : String(value))

export function withEnds(graph: Graph, ends: readonly Row[]): Graph {
  if (ends.length === 0) return graph
  const namespaces = new Map<string, string>()
  const peers = new Map<string, Row>()
  for (const end of ends) {
    const [source, target, namespace] = [known(end['source']), known(end['target']), known(end['namespace'])]
    if (source !== null && namespace !== null) namespaces.set(source, namespace)
    if (target !== null) peers.set(target, end)
  }
  return { ...graph, nodes: graph.nodes.map((node) => named(node, namespaces, peers.get(node.name))) }
}

function named(node: MapNode, namespaces: ReadonlyMap<string, string>, peer: Row | undefined): MapNode {
  if (node.kind === 'service') return { ...node, namespace: node.namespace ?? namespaces.get(node.name) ?? null }
  if (!peer || node.filters.length > 0 || node.kind === 'outside' || node.kind === 'group') return node
  const key = known(peer['peer_key'])
  const system = node.kind === 'database' ? known(peer['system']) : node.kind === 'queue' ? known(peer['broker']) : null
  const equal = (field: string, value: string | null): Filter[] => (value === null ? [] : [{ key: field, op: '=', value }])
  return {
    ...node,
    system,
    filters: [...equal(node.kind === 'queue' ? 'messaging.system' : 'db.system.name', system), ...equal(key ?? '', key === null ? null : node.name)],
  }
}
