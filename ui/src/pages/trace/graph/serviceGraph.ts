// Who called whom in one trace, and where each stands on the drawing.
import type { Trace } from '../trace'
import { isError, kindOf, serviceOf } from '../tree'

export interface Node {
  name: string
  peer: boolean // sends no telemetry: a database, a broker, some other host
  spans: number
  errors: number
  self: number // nanoseconds of own work
  layer: number
  place: number
}

export interface Edge {
  from: string
  to: string
  calls: number
  errors: number
  total: number
}

export interface ServiceGraph {
  nodes: Node[]
  edges: Edge[]
  layers: number
  widest: number
}

// `peers` names the other side of client spans that have no child elsewhere.
export function serviceGraph(trace: Trace, peers: ReadonlyMap<string, string>): ServiceGraph {
  const { tree, self } = trace
  const nodes = new Map<string, Node>()
  const edges = new Map<string, Edge>()
  const nodeOf = (name: string, peer: boolean): Node => {
    const known = nodes.get(name) ?? { name, peer, spans: 0, errors: 0, self: 0, layer: 0, place: 0 }
    nodes.set(name, known)
    return known
  }
  const call = (from: string, to: string, row: number) => {
    const key = `${from}\n${to}`
    const edge = edges.get(key) ?? { from, to, calls: 0, errors: 0, total: 0 }
    edge.calls += 1
    edge.errors += isError(tree, row) ? 1 : 0
    edge.total += tree.duration[row] as number
    edges.set(key, edge)
  }
  for (let row = 0; row < tree.total; row += 1) {
    const span = tree.spanOf[row] as number
    if (span < 0) continue
    const service = serviceOf(tree, row)
    const node = nodeOf(service, false)
    node.spans += 1
    node.errors += isError(tree, row) ? 1 : 0
    node.self += self[row] as number
    const parent = tree.parentRow[row] as number
    const caller = parent < 0 ? '' : serviceOf(tree, parent)
    if (caller !== '' && caller !== service) call(caller, service, row)
    const peer = tree.childCount[row] === 0 && ['CLIENT', 'PRODUCER'].includes(kindOf(tree, row)) ? peers.get(tree.spans.ids[span] as string) : undefined
    if (peer === undefined || peer === service) continue
    nodeOf(peer, !tree.serviceNames.includes(peer)).spans += tree.serviceNames.includes(peer) ? 0 : 1
    call(service, peer, row)
  }
  return arrange([...nodes.values()], [...edges.values()])
}

// Left to right: a node stands right of all that call it, calls that close a circle aside.
function arrange(nodes: Node[], edges: Edge[]): ServiceGraph {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const forward = edges.filter(({ from, to }) => from !== to)
  const callees = new Map<string, string[]>()
  for (const { from, to } of forward) callees.set(from, [...(callees.get(from) ?? []), to])
  const state = new Map<string, 'open' | 'done'>()
  const order: string[] = []
  const visit = (name: string) => {
    state.set(name, 'open')
    for (const to of callees.get(name) ?? []) if (!state.has(to)) visit(to)
    state.set(name, 'done')
    order.unshift(name)
  }
  for (const { name } of nodes) if (!state.has(name)) visit(name)
  const rank = new Map(order.map((name, index) => [name, index]))
  for (const name of order) {
    for (const to of callees.get(name) ?? []) {
      const [node, callee] = [byName.get(name) as Node, byName.get(to) as Node]
      if ((rank.get(to) as number) > (rank.get(name) as number)) callee.layer = Math.max(callee.layer, node.layer + 1)
    }
  }
  return { nodes, edges, ...placeInLayers(nodes, edges) }
}

// Within a layer, nodes follow the mean place of their callers, which keeps most lines from crossing.
function placeInLayers(nodes: readonly Node[], edges: readonly Edge[]): { layers: number; widest: number } {
  const layers: Node[][] = []
  for (const node of nodes) (layers[node.layer] ??= []).push(node)
  const placeOf = new Map<string, number>()
  for (const layer of layers) {
    const wanted = new Map(layer.map((node) => {
      const callers = edges.filter(({ to, from }) => to === node.name && placeOf.has(from)).map(({ from }) => placeOf.get(from) as number)
      return [node.name, callers.length === 0 ? Infinity : callers.reduce((sum, place) => sum + place, 0) / callers.length]
    }))
    layer.sort((left, right) => (wanted.get(left.name) as number) - (wanted.get(right.name) as number) || right.spans - left.spans)
    layer.forEach((node, index) => {
      node.place = index - (layer.length - 1) / 2
      placeOf.set(node.name, node.place)
    })
  }
  return { layers: layers.length, widest: Math.max(0, ...layers.map((layer) => layer.length)) }
}
