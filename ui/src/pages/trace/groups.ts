// Siblings that do the same over and over ("×214 SELECT") fold into one row.
import { kindOf } from './tree'
import type { TraceTree } from './model'

export interface Group {
  head: number // the first member, which stands for all
  members: Int32Array
  spans: number // in the subtrees of all members
  errors: number
  total: number // nanoseconds, summed over members
  shortest: number
  longest: number
}

export interface Groups {
  of: Int32Array // row to group, -1 for most
  list: readonly Group[]
}

export const fewestRepeats = 8

export function findGroups(tree: TraceTree): Groups {
  const of = new Int32Array(tree.total).fill(-1)
  const list: Group[] = []
  for (let row = 0; row < tree.total; row += 1) {
    if ((tree.childCount[row] as number) < fewestRepeats) continue
    for (const members of alike(tree, row)) {
      for (const member of members) of[member] = list.length
      list.push(sumUp(tree, members))
    }
  }
  return { of, list }
}

function alike(tree: TraceTree, parent: number): number[][] {
  const byWhat = new Map<string, number[]>()
  for (let child = parent + 1; child < (tree.endRow[parent] as number); child = tree.endRow[child] as number) {
    const span = tree.spanOf[child] as number
    const what = `${tree.spans.services[span]}\n${tree.spans.names[span]}\n${kindOf(tree, child)}`
    const members = byWhat.get(what)
    if (members) members.push(child)
    else byWhat.set(what, [child])
  }
  return [...byWhat.values()].filter((members) => members.length >= fewestRepeats)
}

function sumUp(tree: TraceTree, members: readonly number[]): Group {
  const group = { head: members[0] as number, members: Int32Array.from(members), spans: 0, errors: 0, total: 0, shortest: Infinity, longest: 0 }
  for (const row of members) {
    const length = tree.duration[row] as number
    group.spans += (tree.endRow[row] as number) - row
    group.errors += tree.errorsBelow[row] as number
    group.total += length
    group.shortest = Math.min(group.shortest, length)
    group.longest = Math.max(group.longest, length)
  }
  return group
}

// Bars of a folded group: members closer than `gap` join, so that thousands draw as few.
export function joinedBars(tree: TraceTree, group: Group, gap: number): { from: number; to: number; error: boolean }[] {
  const bars: { from: number; to: number; error: boolean }[] = []
  for (const row of group.members) {
    const from = tree.start[row] as number
    const to = from + (tree.duration[row] as number)
    const error = (tree.errorsBelow[row] as number) > 0
    const last = bars[bars.length - 1]
    if (last && from - last.to < gap && last.error === error) last.to = Math.max(last.to, to)
    else bars.push({ from, to, error })
  }
  return bars
}
