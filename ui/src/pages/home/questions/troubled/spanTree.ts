// The spans of troubled traces as trees.
import type { Row } from '../../../../api/client'
import { spansMost, tracesMost } from './query'

export interface Node {
  traceId: string
  spanId: string
  service: string
  kind: string
  failed: boolean
  // Whether it began within the range asked about; the others are there to complete the trees.
  inside: boolean
  end: number
  weight: number
  peer: string | null
  // The service that others who called this address reached, where this call reached none.
  addressee: string | null
  // What became of a call, as the caller saw it.
  call: 'answered' | 'refused' | 'silent' | null
  parent: Node | null
  orphan: boolean
  children: Node[]
}

export interface Trees {
  nodes: Node[]
  traces: number
  // More trouble than was looked at.
  partial: boolean
}

const deadlineExceeded = 4
const unavailable = 14

// Null where the span alone does not tell: the callee's span may.
function callOf(row: Row): Node['call'] {
  const number = (key: string) => (row[key] === null || row[key] === undefined ? null : Number(row[key]))
  const [http, grpc] = [number('http_status'), number('grpc_status')]
  if (http !== null) return http >= 400 && http < 500 ? 'refused' : 'answered'
  if (grpc !== null) return grpc === deadlineExceeded || grpc === unavailable ? 'silent' : 'answered'
  return row['http'] === true ? 'silent' : null
}

export function plant(rows: readonly Row[]): Trees {
  const cut = rows.length >= spansMost
  // The last trace of a cut answer may lack spans.
  const lastTrace = cut ? String(rows.at(-1)?.['trace_id']) : null
  const nodes: Node[] = []
  const byId = new Map<string, Node>()
  const parents = new Map<Node, string>()
  const addresses = new Map<Node, string>()
  const traces = new Set<string>()
  for (const row of rows) {
    const traceId = String(row['trace_id'])
    if (traceId === lastTrace) continue
    traces.add(traceId)
    const node: Node = {
      traceId, spanId: String(row['span_id']), service: String(row['service_name'] ?? ''), kind: String(row['kind']),
      failed: row['failed'] === true, inside: row['inside'] !== false, end: Number(row['end_us']), weight: Number(row['weight'] ?? 1),
      peer: row['peer'] ? String(row['peer']) : null, addressee: null, call: callOf(row), parent: null, orphan: false, children: [],
    }
    nodes.push(node)
    byId.set(`${traceId}/${node.spanId}`, node)
    if (typeof row['address'] === 'string' && row['address'].length > 1) addresses.set(node, row['address'])
    if (row['parent_span_id']) parents.set(node, `${traceId}/${String(row['parent_span_id'])}`)
  }
  for (const [node, id] of parents) {
    const parent = byId.get(id)
    node.orphan = !parent
    if (!parent || parent === node) continue
    node.parent = parent
    parent.children.push(node)
  }
  nameAddressees(addresses)
  return { nodes, traces: traces.size, partial: cut || traces.size >= tracesMost }
}

// An address behind which several services were seen names none of them.
function nameAddressees(addresses: ReadonlyMap<Node, string>): void {
  const known = new Map<string, string | null>()
  for (const [node, address] of addresses) {
    const callee = calleeOf(node)
    if (callee) known.set(address, known.has(address) && known.get(address) !== callee.service ? null : callee.service)
  }
  for (const [node, address] of addresses) node.addressee = known.get(address) ?? null
}

export const isEntry = ({ kind }: Node): boolean => kind === 'SERVER' || kind === 'CONSUMER'

// The span with which the service began this piece of work: the request around it, or the outermost span of a job.
export function entryOf(node: Node): Node {
  let at = node
  for (let steps = 0; !isEntry(at) && at.parent && at.parent.service === node.service && steps < 10_000; steps += 1) at = at.parent
  return at
}

export const calleeOf = (call: Node): Node | null => call.children.find((child) => isEntry(child) && child.kind === 'SERVER') ?? null

export const calledService = (call: Node): string | null => calleeOf(call)?.service ?? call.addressee

// How a failed call failed. A callee that ended well, but that its caller did not wait for, was silent to it.
export function callFailure(call: Node): 'failed' | 'refused' | 'silent' {
  if (call.call === 'refused' || call.call === 'silent') return call.call
  if (call.call === 'answered') return 'failed'
  const callee = calleeOf(call)
  return callee && !callee.failed && callee.end > call.end ? 'silent' : 'failed'
}
