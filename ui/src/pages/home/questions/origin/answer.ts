// From a request that failed, along spans that failed, down to the service where it began.
import { calledService, callFailure, isEntry, type Node, type Trees } from '../troubled/spanTree'

export type Origin = { service: string; traceId: string } | { unknown: string | null; traceId: string }

export interface ServiceOrigins {
  service: string
  failures: number
  own: number
  elsewhere: number
  unknown: number
  // Where those from elsewhere began, most first; a trace of each to look at.
  from: { service: string; failures: number; traceId: string }[]
  // Peers without telemetry that the trail ends at.
  peers: string[]
}

// Work that runs after the answer, and callees that ended well, do not make a request fail.
const passable = new Set(['INTERNAL', 'UNSPECIFIED', 'CLIENT'])

function failedBelow(node: Node): Node[] {
  const found: Node[] = []
  const open = [...node.children]
  const visited = new Set<Node>()
  for (let next = open.pop(); next; next = open.pop()) {
    if (visited.has(next)) continue
    visited.add(next)
    if (next.kind === 'CONSUMER') continue
    if (next.failed) found.push(next)
    else if (passable.has(next.kind)) open.push(...next.children)
  }
  return found
}

// Of several failures the last one counts: earlier ones were tried again.
function deepest(entry: Node): Node {
  const visited = new Set<Node>([entry])
  let at = entry
  for (;;) {
    const last = failedBelow(at).reduce<Node | null>((best, next) => (best === null || next.end > best.end ? next : best), null)
    if (!last || visited.has(last)) return at
    visited.add(last)
    at = last
  }
}

export function originOf(entry: Node, failedOrphans: ReadonlySet<string>): Origin {
  const { traceId } = entry
  const end = deepest(entry)
  if (end.kind === 'CLIENT' || end.kind === 'PRODUCER') {
    const failure = callFailure(end)
    if (failure === 'refused') return { service: end.service, traceId }
    const callee = calledService(end)
    return callee ? { service: callee, traceId } : { unknown: end.peer, traceId }
  }
  // Something else failed in this trace, and the span that would connect it is missing.
  if (end === entry && failedOrphans.has(traceId)) return { unknown: null, traceId }
  return { service: end.service, traceId }
}

export function answerOrigins({ nodes }: Trees): ServiceOrigins[] {
  const failing = nodes.filter((node) => isEntry(node) && node.failed && node.inside)
  const orphans = new Set(nodes.filter((node) => node.failed && node.orphan && !isEntry(node)).map(({ traceId }) => traceId))
  const services = new Map<string, ServiceOrigins>()
  for (const entry of failing) {
    const known = services.get(entry.service) ?? { service: entry.service, failures: 0, own: 0, elsewhere: 0, unknown: 0, from: [], peers: [] }
    services.set(entry.service, known)
    count(known, originOf(entry, orphans), entry.weight)
  }
  const answer = [...services.values()]
  for (const { from } of answer) from.sort((left, right) => right.failures - left.failures)
  return answer.sort((left, right) => right.elsewhere - left.elsewhere || right.unknown - left.unknown || right.failures - left.failures)
}

function count(into: ServiceOrigins, origin: Origin, weight: number): void {
  into.failures += weight
  if ('unknown' in origin) {
    into.unknown += weight
    if (origin.unknown && !into.peers.includes(origin.unknown)) into.peers.push(origin.unknown)
  } else if (origin.service === into.service) into.own += weight
  else {
    into.elsewhere += weight
    const known = into.from.find(({ service }) => service === origin.service)
    if (known) known.failures += weight
    else into.from.push({ service: origin.service, failures: weight, traceId: origin.traceId })
  }
}
