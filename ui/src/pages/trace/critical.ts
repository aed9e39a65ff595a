// The chain of work that decided how long the trace took: from the root's end back over the child
// that finished last, then what that child waited for, until the root's start.
import { topRows } from './tree'
import type { TraceTree } from './model'

export interface CriticalPath {
  // Segments sorted by row, then by time: who was being waited for, and when.
  rows: Int32Array
  from: Float64Array
  to: Float64Array
  time: number // nanoseconds on the path
  spanCount: number
}

interface Segment {
  row: number
  from: number
  to: number
}

interface Visit {
  row: number
  start: number
  until: number
  children: { row: number; start: number; end: number }[] // by end; the last finishing is popped
}

export function criticalPath(tree: TraceTree): CriticalPath {
  const segments: Segment[] = []
  const top = longestTop(tree)
  if (top >= 0) walk(tree, top, segments)
  segments.sort((left, right) => left.row - right.row || left.from - right.from)
  const seen = new Set(segments.map(({ row }) => row))
  return {
    rows: Int32Array.from(segments, ({ row }) => row),
    from: Float64Array.from(segments, ({ from }) => from),
    to: Float64Array.from(segments, ({ to }) => to),
    time: segments.reduce((total, { from, to }) => total + to - from, 0),
    spanCount: seen.size,
  }
}

function longestTop(tree: TraceTree): number {
  let longest = -1
  for (const row of topRows(tree)) if (longest < 0 || (tree.duration[row] as number) > (tree.duration[longest] as number)) longest = row
  return longest
}

function walk(tree: TraceTree, top: number, segments: Segment[]): void {
  const start = tree.start[top] as number
  const stack = [visit(tree, top, start, start + Math.max(0, tree.duration[top] as number))]
  const add = (row: number, from: number, to: number) => {
    if (to > from && (tree.spanOf[row] as number) >= 0) segments.push({ row, from, to })
  }
  while (stack.length > 0) {
    const at = stack[stack.length - 1] as Visit
    const child = lastFinishing(at)
    if (child) {
      add(at.row, child.end, at.until)
      at.until = child.start
      stack.push(visit(tree, child.row, child.start, child.end))
    } else {
      add(at.row, at.start, at.until)
      stack.pop()
    }
  }
}

function lastFinishing(at: Visit): Visit['children'][number] | null {
  for (let child = at.children.pop(); child; child = at.children.pop()) if (child.end <= at.until) return child
  return null
}

// Children count only inside their parent's time: work that went on later did not delay it.
function visit(tree: TraceTree, row: number, start: number, until: number): Visit {
  const children: Visit['children'] = []
  for (let child = row + 1; child < (tree.endRow[row] as number); child = tree.endRow[child] as number) {
    const from = Math.max(start, tree.start[child] as number)
    const to = Math.min(until, (tree.start[child] as number) + (tree.duration[child] as number))
    if (to > from) children.push({ row: child, start: from, end: to })
  }
  children.sort((left, right) => left.end - right.end || right.start - left.start)
  return { row, start, until, children }
}

// Index of the first segment of a row, or of where it would be.
export function firstSegment({ rows }: CriticalPath, row: number): number {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((rows[middle] as number) < row) low = middle + 1
    else high = middle
  }
  return low
}

export const onPath = (path: CriticalPath, row: number): boolean => path.rows[firstSegment(path, row)] === row

export function timeOnPath(path: CriticalPath, row: number): number {
  let total = 0
  for (let index = firstSegment(path, row); path.rows[index] === row; index += 1) total += (path.to[index] as number) - (path.from[index] as number)
  return total
}

// Time on the path by service, most first.
export function pathByService(tree: TraceTree, path: CriticalPath): [string, number][] {
  const totals = new Map<string, number>()
  for (let index = 0; index < path.rows.length; index += 1) {
    const service = tree.spans.services[tree.spanOf[path.rows[index] as number] as number] as string
    totals.set(service, (totals.get(service) ?? 0) + (path.to[index] as number) - (path.from[index] as number))
  }
  return [...totals].sort((left, right) => right[1] - left[1])
}
