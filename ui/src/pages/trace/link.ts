// Who is whose parent, from ids that may repeat, be shared, be missing or lead in circles.
import { flag, type SpanColumns } from './model'

export interface Links {
  kept: number
  repeated: number
  sameAs: ReadonlyMap<number, number> // copies of a span that is already there
  roots: number[]
  missing: { id: string; children: number[] }[]
  flags: Uint8Array
  // Children of span s: childList from childFrom[s] to childFrom[s + 1], by start.
  childFrom: Int32Array
  childList: Int32Array
  cursor: Int32Array // how many children were laid out
}

export function linkSpans(spans: SpanColumns): Links {
  const flags = new Uint8Array(spans.ids.length)
  const holders = holdIds(spans, flags)
  const order = byStart(spans, holders.sameAs)
  const parentOf = findParents(spans, holders, flags)
  breakCycles(parentOf, spans.starts, flags, order)
  const roots: number[] = []
  const missing = new Map<string, number[]>()
  for (const span of order) {
    if (parentOf[span] !== none) continue
    if ((flags[span] as number) & flag.orphan) {
      const id = spans.parents[span] as string
      const siblings = missing.get(id)
      if (siblings) siblings.push(span)
      else missing.set(id, [span])
    } else roots.push(span)
  }
  return {
    kept: order.length, repeated: holders.sameAs.size, sameAs: holders.sameAs, roots, flags,
    missing: [...missing].map(([id, children]) => ({ id, children })),
    ...listChildren(parentOf, order), cursor: new Int32Array(spans.ids.length),
  }
}

const none = -1

interface Holders {
  first: ReadonlyMap<string, number>
  others: ReadonlyMap<string, number[]> // further spans of an id that differ from the first
  sameAs: ReadonlyMap<number, number>
}

function holdIds(spans: SpanColumns, flags: Uint8Array): Holders {
  const first = new Map<string, number>()
  const others = new Map<string, number[]>()
  const sameAs = new Map<number, number>()
  for (let span = 0; span < spans.ids.length; span += 1) {
    const id = spans.ids[span] as string
    const known = first.get(id)
    if (known === undefined) {
      first.set(id, span)
      continue
    }
    const rivals = [known, ...(others.get(id) ?? [])]
    const copy = rivals.find((rival) => isCopy(spans, rival, span))
    if (copy !== undefined) {
      sameAs.set(span, copy)
      continue
    }
    const shared = rivals.some((rival) => areTwoSides(spans.kinds[rival], spans.kinds[span]))
    flags[span] = (flags[span] as number) | (shared ? flag.shared : flag.duplicate)
    others.set(id, rivals.slice(1).concat(span))
  }
  return { first, others, sameAs }
}

// Delivery at least once sends the same span again; anything that differs is another span.
const isCopy = (spans: SpanColumns, left: number, right: number): boolean =>
  spans.kinds[left] === spans.kinds[right] && spans.services[left] === spans.services[right] && spans.names[left] === spans.names[right]
  && spans.starts[left] === spans.starts[right] && spans.durations[left] === spans.durations[right]

const callee: Record<string, string> = { CLIENT: 'SERVER', PRODUCER: 'CONSUMER' }

// Zipkin lets both sides of a call share one id.
const areTwoSides = (left = '', right = ''): boolean => callee[left] === right || callee[right] === left

function byStart({ starts }: SpanColumns, sameAs: ReadonlyMap<number, number>): Int32Array {
  const order = new Int32Array(starts.length - sameAs.size)
  let count = 0
  let sorted = true
  for (let span = 0; span < starts.length; span += 1) {
    if (sameAs.has(span)) continue
    if (count > 0 && (starts[span] as number) < (starts[order[count - 1] as number] as number)) sorted = false
    order[count] = span
    count += 1
  }
  return sorted ? order : order.sort((left, right) => (starts[left] as number) - (starts[right] as number) || left - right)
}

function findParents(spans: SpanColumns, { first, others, sameAs }: Holders, flags: Uint8Array): Int32Array {
  const parentOf = new Int32Array(spans.ids.length).fill(none)
  const mark = (span: number, bit: number) => (flags[span] = (flags[span] as number) | bit)
  for (let span = 0; span < spans.ids.length; span += 1) {
    if (sameAs.has(span)) continue
    const id = spans.ids[span] as string
    const caller = others.has(id) ? callerOf(spans, span, [first.get(id) as number, ...(others.get(id) ?? [])]) : undefined
    const parentId = spans.parents[span]
    if (caller !== undefined) parentOf[span] = caller
    else if (!parentId) continue
    else if (parentId === id) mark(span, flag.selfParent)
    else {
      const parent = first.get(parentId)
      if (parent === undefined) mark(span, flag.orphan)
      else parentOf[span] = chooseParent(spans, span, parent, others.get(parentId))
    }
  }
  return parentOf
}

const callerOf = (spans: SpanColumns, span: number, rivals: readonly number[]): number | undefined =>
  rivals.find((rival) => rival !== span && callee[spans.kinds[rival] as string] === spans.kinds[span])

// Of several spans with the parent's id: the one in the child's own service, else the side that was called.
function chooseParent(spans: SpanColumns, span: number, first: number, others: readonly number[] | undefined): number {
  if (!others) return first
  const rivals = [first, ...others]
  const called = (rival: number) => spans.kinds[rival] === 'SERVER' || spans.kinds[rival] === 'CONSUMER'
  return rivals.findLast((rival) => spans.services[rival] === spans.services[span] && called(rival))
    ?? rivals.find((rival) => spans.services[rival] === spans.services[span])
    ?? rivals.find(called) ?? first
}

// Walks up from every span once; meeting the own path again is a cycle, and its earliest span becomes a root.
function breakCycles(parentOf: Int32Array, starts: Float64Array, flags: Uint8Array, order: Int32Array): void {
  const walkOf = new Int32Array(parentOf.length)
  for (const from of order) {
    const walk = from + 1
    let at = from
    while (at !== none && walkOf[at] === 0) {
      walkOf[at] = walk
      at = parentOf[at] as number
    }
    if (at === none || walkOf[at] !== walk) continue
    const head = earliestOfCycle(at, parentOf, starts)
    parentOf[head] = none
    flags[head] = (flags[head] as number) | flag.cycle
  }
}

function earliestOfCycle(at: number, parentOf: Int32Array, starts: Float64Array): number {
  let head = at
  for (let next = parentOf[at] as number; next !== at; next = parentOf[next] as number) {
    if ((starts[next] as number) < (starts[head] as number)) head = next
  }
  return head
}

function listChildren(parentOf: Int32Array, order: Int32Array): Pick<Links, 'childFrom' | 'childList'> {
  const childFrom = new Int32Array(parentOf.length + 1)
  for (const span of order) {
    const parent = parentOf[span] as number
    if (parent !== none) childFrom[parent + 1] = (childFrom[parent + 1] as number) + 1
  }
  for (let span = 0; span < parentOf.length; span += 1) childFrom[span + 1] = (childFrom[span + 1] as number) + (childFrom[span] as number)
  const next = childFrom.slice()
  const childList = new Int32Array(childFrom[parentOf.length] as number)
  for (const span of order) {
    const parent = parentOf[span] as number
    if (parent === none) continue
    childList[next[parent] as number] = span
    next[parent] = (next[parent] as number) + 1
  }
  return { childFrom, childList }
}
