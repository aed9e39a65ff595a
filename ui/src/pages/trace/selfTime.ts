import type { TraceTree } from './model'

// Per row, nanoseconds that no child covers.
export function selfTimes(tree: TraceTree): Float64Array {
  const times = new Float64Array(tree.total)
  for (let row = 0; row < tree.total; row += 1) times[row] = selfTime(tree, row)
  return times
}

function selfTime(tree: TraceTree, row: number): number {
  const start = tree.start[row] as number
  const end = start + Math.max(0, tree.duration[row] as number)
  if ((tree.spanOf[row] as number) < 0) return 0
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
