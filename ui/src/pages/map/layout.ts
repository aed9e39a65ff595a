// Places nodes in layers from left to right. The only module that knows dagre; it runs in a worker.
import { Graph, layout } from '@dagrejs/dagre'

export interface Box {
  id: string
  width: number
  height: number
}

export interface Wire {
  id: string
  from: string
  to: string
  weight: number
}

export interface Point {
  x: number
  y: number
}

export interface Layout {
  width: number
  height: number
  nodes: Record<string, Point>
  edges: Record<string, { points: Point[]; label: Point }>
}

export interface LayoutRequest {
  id: number
  boxes: Box[]
  wires: Wire[]
  labelled: boolean
}

const label = { width: 84, height: 42 }
const noLabel = { width: 30, height: 12 }

export function arrange(boxes: readonly Box[], wires: readonly Wire[], labelled = true): Layout {
  const graph = new Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 26, ranksep: 40, edgesep: 14, marginx: 20, marginy: 20 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id, width, height } of boxes) graph.setNode(id, { width, height })
  for (const { id, from, to, weight } of wires) graph.setEdge(from, to, { ...(labelled ? label : noLabel), labelpos: 'c', weight, minlen: 1 }, id)
  layout(graph)
  const nodes: Layout['nodes'] = {}
  for (const id of graph.nodes()) {
    const { x = 0, y = 0 } = graph.node(id) as Partial<Point>
    nodes[id] = { x, y }
  }
  const widths = new Map(boxes.map(({ id, width }) => [id, width]))
  const edges: Layout['edges'] = {}
  for (const edge of graph.edges()) {
    const { points = [], x = 0, y = 0 } = graph.edge(edge) as { points?: Point[]; x?: number; y?: number }
    const inner = points.slice(1, -1)
    const first = port(nodes[edge.v], widths.get(edge.v), inner[0] ?? nodes[edge.w])
    const last = port(nodes[edge.w], widths.get(edge.w), inner.at(-1) ?? nodes[edge.v])
    edges[String(edge.name)] = { points: [first, ...inner, last], label: { x, y } }
  }
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number }
  return { width, height, nodes, edges }
}

// Lines leave and reach a node in the middle of a side, so that they do not cross its neighbours.
function port(node: Point = { x: 0, y: 0 }, width = 0, next: Point = node): Point {
  return { x: node.x + (next.x >= node.x ? width / 2 : -width / 2), y: node.y }
}
