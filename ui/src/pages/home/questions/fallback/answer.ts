// Does a caller get over a callee that fails or stays silent?
import { calledService, callFailure, entryOf, type Node, type Trees } from '../troubled/spanTree'

export interface Survival {
  requests: number
  survived: number
  traceId: string | null
}

export interface Fallback {
  caller: string
  callee: string
  // Sends no telemetry: known by its address or kind alone.
  peer: boolean
  silent: Survival
  failed: Survival
}

interface Hit {
  caller: string
  callee: string
  peer: boolean
  entry: Node
  silent: boolean
}

// A request counts once for each callee, however often it asked; if one of the calls met silence, as silence.
export function answerFallback({ nodes }: Trees): Fallback[] {
  const hits = new Map<string, Hit>()
  for (const call of nodes) {
    if (call.kind !== 'CLIENT' || !call.failed || !call.inside) continue
    const failure = callFailure(call)
    const service = calledService(call)
    const callee = service ?? call.peer
    if (failure === 'refused' || callee === null) continue
    const entry = entryOf(call)
    const key = `${entry.traceId}/${entry.spanId}/${callee}`
    const known = hits.get(key) ?? { caller: call.service, callee, peer: service === null, entry, silent: false }
    known.silent ||= failure === 'silent'
    hits.set(key, known)
  }
  const edges = new Map<string, Fallback>()
  for (const { caller, callee, peer, entry, silent } of hits.values()) {
    const key = `${caller}\n${callee}`
    const edge = edges.get(key) ?? { caller, callee, peer, silent: none(), failed: none() }
    edges.set(key, edge)
    const survival = silent ? edge.silent : edge.failed
    survival.requests += entry.weight
    if (!entry.failed) survival.survived += entry.weight
    // The trace to look at is one that did not survive, if there is one.
    if (survival.traceId === null || entry.failed) survival.traceId = entry.traceId
  }
  return [...edges.values()].sort(
    (left, right) => right.silent.requests - left.silent.requests || right.failed.requests - left.failed.requests,
  )
}

const none = (): Survival => ({ requests: 0, survived: 0, traceId: null })

// A few requests that got through by chance are no fallback, and a few that did not do not deny one.
export function verdict({ requests, survived }: Survival): 'yes' | 'partly' | 'no' {
  const share = requests > 0 ? survived / requests : 0
  return share >= 0.95 ? 'yes' : share <= 0.05 ? 'no' : 'partly'
}
