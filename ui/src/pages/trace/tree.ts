// Pure: columns of spans in, one ordered tree out. Nothing the sender got wrong may lose a span:
// orphans hang under a placeholder, cycles and self-parents are broken and marked, skew is marked.

export interface SpanColumns {
  ids: readonly string[]
  parents: readonly (string | null)[]
  names: readonly string[]
  services: readonly string[]
  starts: Float64Array // nanoseconds from the start of the trace
  durations: Float64Array // nanoseconds
  errors: readonly boolean[]
}

export const flag = { orphan: 1, cycle: 2, selfParent: 4, skew: 8, duplicate: 16, placeholder: 32 } as const

export interface TraceTree {
  spans: SpanColumns
  // One entry per row in display order. `row` fields index rows; `spanOf` gives the span, -1 for placeholders.
  spanOf: Int32Array
  depth: Int32Array
  parentRow: Int32Array
  endRow: Int32Array // first row after the subtree
  childCount: Int32Array
  flags: Uint8Array
  errorsBelow: Int32Array // errors in the subtree, itself included
  start: Float64Array
  duration: Float64Array
  missing: readonly string[] // parent ids of placeholders, in row order
  rowOfSpan: Int32Array
  total: number
  depthMost: number
  errorCount: number
  serviceNames: readonly string[]
  extent: number // nanoseconds from first start to last end
  problems: Problems
}

export interface Problems {
  missingParents: number
  orphans: number
  cycles: number
  selfParents: number
  skewed: number
  duplicates: number
  roots: number
}

interface Links {
  children: number[][]
  roots: number[]
  missing: { id: string; children: number[] }[]
  flags: Uint8Array
  parentOf: Int32Array
}

export function buildTree(spans: SpanColumns): TraceTree {
  const links = linkSpans(spans)
  breakCycles(links, spans)
  return layOut(spans, links)
}

function linkSpans(spans: SpanColumns): Links {
  const size = spans.ids.length
  const flags = new Uint8Array(size)
  const parentOf = new Int32Array(size).fill(-1)
  const first = new Map<string, number>()
  for (let span = 0; span < size; span += 1) {
    const id = spans.ids[span] as string
    if (first.has(id)) flags[span] = flag.duplicate
    else first.set(id, span)
  }
  const children: number[][] = Array.from({ length: size }, () => [])
  const roots: number[] = []
  const missing = new Map<string, number[]>()
  for (let span = 0; span < size; span += 1) {
    const parentId = spans.parents[span]
    if (!parentId) {
      roots.push(span)
      continue
    }
    const parent = first.get(parentId)
    if (parent === undefined) {
      flags[span] = (flags[span] ?? 0) | flag.orphan
      const siblings = missing.get(parentId)
      if (siblings) siblings.push(span)
      else missing.set(parentId, [span])
    } else if (spans.ids[span] === parentId) {
      flags[span] = (flags[span] ?? 0) | flag.selfParent
      roots.push(span)
    } else {
      parentOf[span] = parent
      children[parent]?.push(span)
    }
  }
  return { children, roots, flags, parentOf, missing: [...missing].map(([id, kids]) => ({ id, children: kids })) }
}

// Spans that no root reaches form cycles; the earliest of each cycle becomes a root.
function breakCycles({ children, roots, missing, flags, parentOf }: Links, spans: SpanColumns): void {
  const size = spans.ids.length
  const reached = new Uint8Array(size)
  const reach = (start: number) => {
    const stack = [start]
    while (stack.length > 0) {
      const span = stack.pop() as number
      if (reached[span]) continue
      reached[span] = 1
      for (const child of children[span] ?? []) stack.push(child)
    }
  }
  for (const root of roots) reach(root)
  for (const { children: kids } of missing) kids.forEach(reach)
  for (let span = 0; span < size; span += 1) {
    if (reached[span]) continue
    const head = earliestOfCycle(span, parentOf, spans.starts)
    const parent = parentOf[head] as number
    children[parent] = (children[parent] ?? []).filter((child) => child !== head)
    parentOf[head] = -1
    flags[head] = (flags[head] ?? 0) | flag.cycle
    roots.push(head)
    reach(head)
  }
}

function earliestOfCycle(from: number, parentOf: Int32Array, starts: Float64Array): number {
  const seen = new Set<number>()
  let at = from
  while (!seen.has(at)) {
    seen.add(at)
    at = parentOf[at] as number
  }
  let head = at
  for (let next = parentOf[at] as number; next !== at; next = parentOf[next] as number) {
    if ((starts[next] as number) < (starts[head] as number)) head = next
  }
  return head
}

class Rows {
  readonly spanOf: Int32Array
  readonly depth: Int32Array
  readonly parentRow: Int32Array
  readonly endRow: Int32Array
  readonly childCount: Int32Array
  readonly flags: Uint8Array
  readonly start: Float64Array
  readonly duration: Float64Array
  count = 0

  constructor(size: number) {
    this.spanOf = new Int32Array(size).fill(-1)
    this.depth = new Int32Array(size)
    this.parentRow = new Int32Array(size).fill(-1)
    this.endRow = new Int32Array(size)
    this.childCount = new Int32Array(size)
    this.flags = new Uint8Array(size)
    this.start = new Float64Array(size)
    this.duration = new Float64Array(size)
  }
}

type Top = { span: number } | { missing: number }

function layOut(spans: SpanColumns, links: Links): TraceTree {
  const { starts } = spans
  const byStart = (left: number, right: number) => (starts[left] as number) - (starts[right] as number)
  for (const kids of links.children) kids.sort(byStart)
  for (const group of links.missing) group.children.sort(byStart)
  const tops: (Top & { at: number })[] = [
    ...links.roots.map((span) => ({ span, at: starts[span] as number })),
    ...links.missing.map((group, missing) => ({ missing, at: starts[group.children[0] as number] as number })),
  ]
  tops.sort((left, right) => left.at - right.at)
  const rows = new Rows(spans.ids.length + links.missing.length)
  const rowOfSpan = new Int32Array(spans.ids.length).fill(-1)
  const missing: string[] = []
  for (const top of tops) {
    if ('span' in top) {
      descend(rows, spans, links, rowOfSpan, top.span, 0, -1)
      continue
    }
    const group = links.missing[top.missing]
    if (!group) continue
    missing.push(group.id)
    placePlaceholder(rows, spans, links, rowOfSpan, group.children)
  }
  return finish(spans, links, rows, rowOfSpan, missing)
}

function placePlaceholder(rows: Rows, spans: SpanColumns, links: Links, rowOfSpan: Int32Array, kids: readonly number[]): void {
  const row = rows.count
  rows.count += 1
  rows.flags[row] = flag.placeholder
  rows.childCount[row] = kids.length
  let start = Infinity
  let end = 0
  for (const kid of kids) {
    start = Math.min(start, spans.starts[kid] as number)
    end = Math.max(end, (spans.starts[kid] as number) + (spans.durations[kid] as number))
    descend(rows, spans, links, rowOfSpan, kid, 1, row)
  }
  rows.start[row] = start
  rows.duration[row] = end - start
  rows.endRow[row] = rows.count
}

// Depth-first without recursion: a chain of 100,000 spans must not overflow the stack.
function descend(rows: Rows, spans: SpanColumns, links: Links, rowOfSpan: Int32Array, root: number, depth: number, parentRow: number): void {
  const stack: { row: number; next: number; kids: readonly number[] }[] = []
  const enter = (span: number, level: number, parent: number) => {
    const row = rows.count
    rows.count += 1
    const kids = links.children[span] ?? []
    rows.spanOf[row] = span
    rows.depth[row] = level
    rows.parentRow[row] = parent
    rows.childCount[row] = kids.length
    rows.flags[row] = links.flags[span] ?? 0
    rows.start[row] = spans.starts[span] as number
    rows.duration[row] = spans.durations[span] as number
    if (parent >= 0 && rows.flags[parent] !== flag.placeholder && (rows.start[row] as number) < (rows.start[parent] as number)) {
      rows.flags[row] = (rows.flags[row] as number) | flag.skew
    }
    rowOfSpan[span] = row
    stack.push({ row, next: 0, kids })
  }
  enter(root, depth, parentRow)
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { row: number; next: number; kids: readonly number[] }
    if (top.next < top.kids.length) {
      const child = top.kids[top.next] as number
      top.next += 1
      enter(child, (rows.depth[top.row] as number) + 1, top.row)
    } else {
      rows.endRow[top.row] = rows.count
      stack.pop()
    }
  }
}

function finish(spans: SpanColumns, links: Links, rows: Rows, rowOfSpan: Int32Array, missing: readonly string[]): TraceTree {
  const errorsBelow = new Int32Array(rows.count)
  const problems: Problems = { missingParents: missing.length, orphans: 0, cycles: 0, selfParents: 0, skewed: 0, duplicates: 0, roots: 0 }
  let depthMost = 0
  let extent = 0
  let errorCount = 0
  for (let row = rows.count - 1; row >= 0; row -= 1) {
    const span = rows.spanOf[row] as number
    if (span >= 0 && spans.errors[span]) {
      errorsBelow[row] = (errorsBelow[row] ?? 0) + 1
      errorCount += 1
    }
    const parent = rows.parentRow[row] as number
    if (parent >= 0) errorsBelow[parent] = (errorsBelow[parent] ?? 0) + (errorsBelow[row] ?? 0)
    depthMost = Math.max(depthMost, (rows.depth[row] as number) + 1)
    extent = Math.max(extent, (rows.start[row] as number) + (rows.duration[row] as number))
    countProblems(problems, rows.flags[row] as number)
  }
  problems.roots = links.roots.length
  const { spanOf, depth, parentRow, endRow, childCount, flags, start, duration } = rows
  const serviceNames = [...new Set(spans.services)]
  return {
    spans, spanOf, depth, parentRow, endRow, childCount, flags, errorsBelow, start, duration,
    missing, rowOfSpan, total: rows.count, depthMost, errorCount, serviceNames, extent, problems,
  }
}

function countProblems(problems: Problems, flags: number): void {
  if (flags & flag.orphan) problems.orphans += 1
  if (flags & flag.cycle) problems.cycles += 1
  if (flags & flag.selfParent) problems.selfParents += 1
  if (flags & flag.skew) problems.skewed += 1
  if (flags & flag.duplicate) problems.duplicates += 1
}

export interface View {
  collapsed: ReadonlySet<number>
  hiddenServices: ReadonlySet<string>
  errorsOnly: boolean
}

// The rows to show, in order. Hidden services vanish but their children stay.
export function visibleRows(tree: TraceTree, { collapsed, hiddenServices, errorsOnly }: View): Int32Array {
  const rows = new Int32Array(tree.total)
  let count = 0
  for (let row = 0; row < tree.total; row += 1) {
    if (errorsOnly && tree.errorsBelow[row] === 0) {
      row = (tree.endRow[row] as number) - 1
      continue
    }
    const span = tree.spanOf[row] as number
    if (span < 0 || !hiddenServices.has(tree.spans.services[span] as string)) {
      rows[count] = row
      count += 1
    }
    if (collapsed.has(row)) row = (tree.endRow[row] as number) - 1
  }
  return rows.subarray(0, count)
}

export function rowsDeeperThan(tree: TraceTree, depth: number): Set<number> {
  const rows = new Set<number>()
  for (let row = 0; row < tree.total; row += 1) {
    if (tree.depth[row] === depth && (tree.childCount[row] as number) > 0) rows.add(row)
  }
  return rows
}

export function isError(tree: TraceTree, row: number): boolean {
  const span = tree.spanOf[row] as number
  return span >= 0 && (tree.spans.errors[span] ?? false)
}

// Time not covered by children, in nanoseconds.
export function selfTime(tree: TraceTree, row: number): number {
  const start = tree.start[row] as number
  const end = start + (tree.duration[row] as number)
  let covered = 0
  let reached = start
  for (let child = row + 1; child < (tree.endRow[row] as number); child = tree.endRow[child] as number) {
    const from = Math.max(tree.start[child] as number, reached)
    const to = Math.min((tree.start[child] as number) + (tree.duration[child] as number), end)
    if (to > from) {
      covered += to - from
      reached = to
    }
  }
  return end - start - covered
}
