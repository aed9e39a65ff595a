// Pure: columns of spans in, one ordered tree out. Nothing the sender got wrong may lose a span or
// loop: orphans hang under a placeholder, cycles and self-parents are broken and marked.
import { flag, type Problems, type SpanColumns, type TraceTree } from './model'
import { linkSpans, type Links } from './link'

export { flag }
export type { Problems, SpanColumns, TraceTree }

export function buildTree(spans: SpanColumns): TraceTree {
  const links = linkSpans(spans)
  return finish(spans, links, layOut(spans, links))
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
  readonly rowOfSpan: Int32Array
  readonly missing: string[] = []
  count = 0

  constructor(size: number, spans: number) {
    this.spanOf = new Int32Array(size).fill(-1)
    this.depth = new Int32Array(size)
    this.parentRow = new Int32Array(size).fill(-1)
    this.endRow = new Int32Array(size)
    this.childCount = new Int32Array(size)
    this.flags = new Uint8Array(size)
    this.start = new Float64Array(size)
    this.duration = new Float64Array(size)
    this.rowOfSpan = new Int32Array(spans).fill(-1)
  }
}

function layOut(spans: SpanColumns, links: Links): Rows {
  const { starts } = spans
  const rows = new Rows(links.kept + links.missing.length, spans.ids.length)
  const tops = [
    ...links.roots.map((span) => ({ span, missing: -1, at: starts[span] as number })),
    ...links.missing.map(({ children }, missing) => ({ span: -1, missing, at: starts[children[0] as number] as number })),
  ].sort((left, right) => left.at - right.at)
  for (const top of tops) {
    const group = links.missing[top.missing]
    if (group) placePlaceholder(rows, spans, links, group)
    else descend(rows, spans, links, top.span, 0, -1)
  }
  return rows
}

function placePlaceholder(rows: Rows, spans: SpanColumns, links: Links, { id, children }: { id: string; children: readonly number[] }): void {
  const row = rows.count
  rows.count += 1
  rows.missing.push(id)
  rows.flags[row] = flag.placeholder
  rows.childCount[row] = children.length
  let start = Infinity
  let end = 0
  for (const child of children) {
    start = Math.min(start, spans.starts[child] as number)
    end = Math.max(end, (spans.starts[child] as number) + (spans.durations[child] as number))
    descend(rows, spans, links, child, 1, row)
  }
  rows.start[row] = start
  rows.duration[row] = end - start
  rows.endRow[row] = rows.count
}

function enter(rows: Rows, spans: SpanColumns, links: Links, span: number, depth: number, parent: number): number {
  const row = rows.count
  rows.count += 1
  rows.spanOf[row] = span
  rows.depth[row] = depth
  rows.parentRow[row] = parent
  rows.childCount[row] = (links.childFrom[span + 1] as number) - (links.childFrom[span] as number)
  rows.start[row] = spans.starts[span] as number
  rows.duration[row] = spans.durations[span] as number
  rows.flags[row] = (links.flags[span] as number) | outside(rows, row, parent)
  rows.rowOfSpan[span] = row
  return row
}

// A child that leaves its parent's time is marked and drawn where it says it was, never moved.
function outside(rows: Rows, row: number, parent: number): number {
  if (parent < 0 || rows.flags[parent] === flag.placeholder) return 0
  const [start, parentStart] = [rows.start[row] as number, rows.start[parent] as number]
  if (start < parentStart) return flag.skew
  const end = start + (rows.duration[row] as number)
  return end > parentStart + (rows.duration[parent] as number) ? flag.outlives : 0
}

// Depth-first without recursion: a chain of 100,000 spans must not overflow the stack.
function descend(rows: Rows, spans: SpanColumns, links: Links, root: number, depth: number, parentRow: number): void {
  const { childFrom, childList, cursor } = links
  let row = enter(rows, spans, links, root, depth, parentRow)
  while (row !== parentRow) {
    const span = rows.spanOf[row] as number
    const next = (childFrom[span] as number) + (cursor[span] as number)
    if (next < (childFrom[span + 1] as number)) {
      cursor[span] = (cursor[span] as number) + 1
      row = enter(rows, spans, links, childList[next] as number, (rows.depth[row] as number) + 1, row)
    } else {
      rows.endRow[row] = rows.count
      row = rows.parentRow[row] as number
    }
  }
}

function finish(spans: SpanColumns, links: Links, rows: Rows): TraceTree {
  const errorsBelow = new Int32Array(rows.count)
  const problems: Problems = {
    missingParents: rows.missing.length, orphans: 0, cycles: 0, selfParents: 0, skewed: 0, outlives: 0,
    duplicates: 0, repeated: links.repeated, roots: links.roots.length,
  }
  let [depthMost, errorCount, extent] = [0, 0, 0]
  for (let row = rows.count - 1; row >= 0; row -= 1) {
    const span = rows.spanOf[row] as number
    if (span >= 0 && spans.errors[span]) {
      errorsBelow[row] = (errorsBelow[row] as number) + 1
      errorCount += 1
    }
    const parent = rows.parentRow[row] as number
    if (parent >= 0) errorsBelow[parent] = (errorsBelow[parent] as number) + (errorsBelow[row] as number)
    depthMost = Math.max(depthMost, (rows.depth[row] as number) + 1)
    extent = Math.max(extent, (rows.start[row] as number) + (rows.duration[row] as number))
    countProblems(problems, rows.flags[row] as number)
  }
  const { spanOf, depth, parentRow, endRow, childCount, flags, start, duration, missing, rowOfSpan } = rows
  return {
    spans, spanOf, depth, parentRow, endRow, childCount, flags, errorsBelow, start, duration, missing,
    rowOfSpan: aliasRepeats(rowOfSpan, links.sameAs), total: rows.count, spanCount: links.kept,
    depthMost, errorCount, serviceNames: [...new Set(spans.services)], extent, problems,
  }
}

// A span that arrived twice is one row; its second copy points there too.
function aliasRepeats(rowOfSpan: Int32Array, sameAs: ReadonlyMap<number, number>): Int32Array {
  for (const [copy, kept] of sameAs) rowOfSpan[copy] = rowOfSpan[kept] as number
  return rowOfSpan
}

function countProblems(problems: Problems, flags: number): void {
  if (flags & flag.orphan) problems.orphans += 1
  if (flags & flag.cycle) problems.cycles += 1
  if (flags & flag.selfParent) problems.selfParents += 1
  if (flags & flag.skew) problems.skewed += 1
  if (flags & flag.outlives) problems.outlives += 1
  if (flags & flag.duplicate) problems.duplicates += 1
}

export function isError(tree: TraceTree, row: number): boolean {
  const span = tree.spanOf[row] as number
  return span >= 0 && (tree.spans.errors[span] ?? false)
}

export const endOf = (tree: TraceTree, row: number): number => (tree.start[row] as number) + (tree.duration[row] as number)

export const serviceOf = (tree: TraceTree, row: number): string => tree.spans.services[tree.spanOf[row] as number] ?? ''
export const nameOf = (tree: TraceTree, row: number): string => tree.spans.names[tree.spanOf[row] as number] ?? ''
export const kindOf = (tree: TraceTree, row: number): string => tree.spans.kinds[tree.spanOf[row] as number] ?? ''

// Direct children, in order of start.
export function childRows(tree: TraceTree, row: number): number[] {
  const rows: number[] = []
  for (let child = row + 1; child < (tree.endRow[row] as number); child = tree.endRow[child] as number) rows.push(child)
  return rows
}

export function topRows(tree: TraceTree): number[] {
  const rows: number[] = []
  for (let row = 0; row < tree.total; row = tree.endRow[row] as number) rows.push(row)
  return rows
}
