// Lays two traces over each other: spans of the same service and operation under the same path are one node.
import type { Trace } from '../trace'
import { isError, kindOf, nameOf, serviceOf } from '../tree'

export interface Side {
  count: number
  total: number // nanoseconds
  self: number
  errors: number
  row: number // the longest, -1 where there is none
}

export interface DiffNode {
  service: string
  name: string
  kind: string
  depth: number
  parent: number
  left: Side
  right: Side
}

export type Change = 'added' | 'removed' | 'count' | 'slower' | 'faster' | 'same'

const nothing = (): Side => ({ count: 0, total: 0, self: 0, errors: 0, row: -1 })

export function align(left: Trace, right: Trace): DiffNode[] {
  const nodes: DiffNode[] = []
  const known = new Map<string, number>()
  merge(left, 'left', nodes, known)
  merge(right, 'right', nodes, known)
  return inTreeOrder(nodes)
}

function merge(trace: Trace, side: 'left' | 'right', nodes: DiffNode[], known: Map<string, number>): void {
  const { tree, self } = trace
  const nodeOf = new Int32Array(tree.total)
  for (let row = 0; row < tree.total; row += 1) {
    const above = tree.parentRow[row] as number
    const parent = above < 0 ? -1 : (nodeOf[above] as number)
    const [service, name, kind] = [serviceOf(tree, row), nameOf(tree, row), kindOf(tree, row)]
    const key = `${parent}\n${service}\n${name}\n${kind}`
    let at = known.get(key)
    if (at === undefined) {
      at = nodes.push({ service, name, kind, depth: tree.depth[row] as number, parent, left: nothing(), right: nothing() }) - 1
      known.set(key, at)
    }
    nodeOf[row] = at
    const own = (nodes[at] as DiffNode)[side]
    own.count += 1
    own.total += tree.duration[row] as number
    own.self += self[row] as number
    own.errors += isError(tree, row) ? 1 : 0
    if (own.row < 0 || (tree.duration[row] as number) > (tree.duration[own.row] as number)) own.row = row
  }
}

// Children follow their parent; without recursion, since paths may be as deep as the trace is long.
function inTreeOrder(nodes: readonly DiffNode[]): DiffNode[] {
  const children: number[][] = nodes.map(() => [])
  const stack: number[] = []
  nodes.forEach(({ parent }, at) => (parent < 0 ? stack : (children[parent] as number[])).push(at))
  stack.reverse()
  const ordered: DiffNode[] = []
  const placeOf = new Map<number, number>()
  while (stack.length > 0) {
    const at = stack.pop() as number
    const node = nodes[at] as DiffNode
    placeOf.set(at, ordered.length)
    ordered.push({ ...node, parent: node.parent < 0 ? -1 : (placeOf.get(node.parent) as number) })
    for (const child of (children[at] as number[]).reverse()) stack.push(child)
  }
  return ordered
}

// Less than a tenth, or less than a thousandth of the longer trace, is noise.
export function changeOf({ left, right }: DiffNode, extent: number): Change {
  if (left.count === 0) return 'added'
  if (right.count === 0) return 'removed'
  if (left.count !== right.count) return 'count'
  const delta = right.total - left.total
  if (Math.abs(delta) < Math.max(left.total, right.total) * 0.1 || Math.abs(delta) < extent * 0.001) return 'same'
  return delta > 0 ? 'slower' : 'faster'
}
