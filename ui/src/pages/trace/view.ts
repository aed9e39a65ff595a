// Which rows are to be seen: collapsed subtrees, folded repeats, hidden services, errors only.
import type { Groups } from './groups'
import type { TraceTree } from './model'

export interface View {
  collapsed: ReadonlySet<number>
  hiddenServices: ReadonlySet<string>
  errorsOnly: boolean
  folded: (group: number) => boolean
}

// The rows to show, in order. Hidden services vanish but their children stay; a folded group is its first member.
export function visibleRows(tree: TraceTree, groups: Groups, { collapsed, hiddenServices, errorsOnly, folded }: View): Int32Array {
  const rows = new Int32Array(tree.total)
  let count = 0
  for (let row = 0; row < tree.total; row += 1) {
    const after = (tree.endRow[row] as number) - 1
    const group = groups.of[row] as number
    const inFold = group >= 0 && folded(group)
    const head = inFold && groups.list[group]?.head === row
    const errors = head ? (groups.list[group]?.errors ?? 0) : (tree.errorsBelow[row] as number)
    if ((errorsOnly && errors === 0) || (inFold && !head)) {
      row = after
      continue
    }
    const span = tree.spanOf[row] as number
    if (span < 0 || hiddenServices.size === 0 || !hiddenServices.has(tree.spans.services[span] as string)) {
      rows[count] = row
      count += 1
    }
    if (inFold || collapsed.has(row)) row = after
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

// What must open for a row to be seen: collapsed ancestors, and folded groups it or they are in.
export function hiding(tree: TraceTree, groups: Groups, row: number): { rows: number[]; groups: number[] } {
  const found = { rows: [] as number[], groups: [] as number[] }
  const first = groups.of[row] as number
  if (first >= 0 && groups.list[first]?.head !== row) found.groups.push(first)
  for (let at = tree.parentRow[row] as number; at >= 0; at = tree.parentRow[at] as number) {
    found.rows.push(at)
    const group = groups.of[at] as number
    if (group >= 0) found.groups.push(group)
  }
  return found
}
