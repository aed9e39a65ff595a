// Which part of a large map is drawn: what is near the focus and the pins, and groups instead of members.
import { idOf, merge, type Graph, type MapEdge, type MapNode } from './graph'

export const wholeLimit = 60

export type Clustering = 'none' | 'namespace' | 'kind'

export function neighbours({ edges }: Graph, centres: readonly string[], steps: number): Set<string> {
  const reached = new Set(centres)
  let edge = new Set(centres)
  for (let step = 0; step < steps; step += 1) {
    const next = new Set<string>()
    for (const { from, to } of edges) {
      if (edge.has(from) && !reached.has(to)) next.add(to)
      if (edge.has(to) && !reached.has(from)) next.add(from)
    }
    for (const id of next) reached.add(id)
    edge = next
  }
  return reached
}

export function keep({ nodes, edges }: Graph, ids: ReadonlySet<string>): Graph {
  return { nodes: nodes.filter(({ id }) => ids.has(id)), edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) }
}

// Where a large map starts: at the service with the most failed calls around it, else the most calls.
export function startOf({ nodes, edges }: Graph): string | null {
  const score = new Map<string, number>()
  for (const { from, to, calls, failed } of edges) for (const id of [from, to]) score.set(id, (score.get(id) ?? 0) + calls + failed * 1000)
  const services = nodes.filter(({ kind }) => kind === 'service')
  return services.reduce<MapNode | null>((best, node) => (best === null || (score.get(node.id) ?? 0) > (score.get(best.id) ?? 0) ? node : best), null)?.id ?? null
}

// Replaces the members of each group by one node, unless it was opened; a group of one stays as it is.
export function cluster(graph: Graph, by: Clustering, opened: ReadonlySet<string>): Graph {
  if (by === 'none') return graph
  const groups = new Map<string, MapNode[]>()
  const owners = by === 'namespace' ? ownersOf(graph) : new Map<string, string>()
  for (const node of graph.nodes) {
    const name = by === 'namespace' ? (owners.get(node.id) ?? null) : familyOf(node)
    if (name !== null) groups.set(name, [...(groups.get(name) ?? []), node])
  }
  const inGroup = new Map<string, string>()
  const nodes: MapNode[] = []
  for (const [name, members] of groups) {
    const id = idOf('group', name)
    if (members.length < 2 || opened.has(name)) continue
    for (const member of members) inGroup.set(member.id, id)
    nodes.push({ id, kind: 'group', name, label: name, system: null, namespace: null, red: null, filters: [], members: members.map(({ name: member }) => member) })
  }
  const shown = [...graph.nodes.filter(({ id }) => !inGroup.has(id)), ...nodes]
  return { nodes: shown, edges: gather(graph.edges, (id) => inGroup.get(id) ?? id) }
}

// A database or queue that services of one namespace alone use belongs to that namespace too.
function ownersOf({ nodes, edges }: Graph): Map<string, string> {
  const owners = new Map<string, string>()
  for (const { id, kind, namespace } of nodes) if (kind === 'service' && namespace !== null) owners.set(id, namespace)
  const users = new Map<string, Set<string | undefined>>()
  for (const { from, to } of edges) {
    for (const [id, other] of [[from, to], [to, from]] as const) users.set(id, (users.get(id) ?? new Set()).add(owners.get(other)))
  }
  for (const { id, kind } of nodes) {
    const [only, ...rest] = kind === 'service' || kind === 'outside' ? [] : [...(users.get(id) ?? [])]
    if (only !== undefined && rest.length === 0) owners.set(id, only)
  }
  return owners
}

function familyOf(node: MapNode): string | null {
  if (node.kind === 'service' || node.kind === 'outside') return null
  return node.system ?? node.kind
}

function gather(edges: readonly MapEdge[], place: (id: string) => string): MapEdge[] {
  const bundles = new Map<string, MapEdge[]>()
  for (const edge of edges) {
    const [from, to] = [place(edge.from), place(edge.to)]
    if (from === to) continue
    const id = `${from}→${to}`
    bundles.set(id, [...(bundles.get(id) ?? []), edge])
  }
  return [...bundles].map(([id, bundle]) => {
    const first = bundle[0] as MapEdge
    return bundle.length === 1 && first.id === id ? first : merge(id, place(first.from), place(first.to), bundle)
  })
}

export interface View {
  focus: string // a service's name, 'all', or empty for the page to choose
  steps: number
  pins: readonly string[]
  by: Clustering
  opened: ReadonlySet<string>
  outside: boolean | null // null: as the size of the map allows
}

export interface Shown {
  graph: Graph
  centre: string | null
  total: number
  outside: boolean
}

export function visible(whole: Graph, view: View): Shown {
  const outside = view.outside ?? whole.nodes.length <= wholeLimit
  const present = outside ? whole : keep(whole, new Set(whole.nodes.filter(({ kind }) => kind !== 'outside').map(({ id }) => id)))
  const clustered = cluster(present, view.by, view.opened)
  const named = view.focus === '' || view.focus === 'all' ? undefined : clustered.nodes.find(({ id, name, members }) => id === view.focus || name === view.focus || members.includes(view.focus))
  const centre = named?.id ?? (view.focus !== 'all' && clustered.nodes.length > wholeLimit ? startOf(clustered) : null)
  if (centre === null) return { graph: clustered, centre, total: clustered.nodes.length, outside }
  const pins = clustered.nodes.filter(({ id }) => view.pins.includes(id)).map(({ id }) => id)
  return { graph: keep(clustered, neighbours(clustered, [centre, ...pins], view.steps)), centre, total: clustered.nodes.length, outside }
}

// The next node when an arrow key is pressed: the nearest in that quarter of the compass, else on that side.
export function toward(places: readonly { id: string; x: number; y: number }[], from: string, key: string): string | null {
  const start = places.find(({ id }) => id === from)
  const [dx, dy] = ({ ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] } as Record<string, [number, number]>)[key] ?? [0, 0]
  if (!start || (dx === 0 && dy === 0)) return null
  let best: { id: string; cost: number } | null = null
  for (const { id, x, y } of places) {
    const along = (x - start.x) * dx + (y - start.y) * dy
    const across = Math.abs((x - start.x) * dy) + Math.abs((y - start.y) * dx)
    if (id === from || along <= 0.5) continue
    const cost = along + across * 2 + (across > along ? 1e6 : 0)
    if (!best || cost < best.cost) best = { id, cost }
  }
  return best?.id ?? null
}
