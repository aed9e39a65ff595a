// Spans of one trace summed up by operation.
import type { Trace } from '../trace'
import { kindOf, nameOf, serviceOf } from '../tree'

export interface Operation {
  service: string
  name: string
  kind: string
  count: number
  errors: number
  total: number
  self: number
  longest: number
  longestRow: number
}

export function operations({ tree, self }: Trace, wanted: (row: number) => boolean): Operation[] {
  const found = new Map<string, Operation>()
  for (let row = 0; row < tree.total; row += 1) {
    const span = tree.spanOf[row] as number
    if (span < 0 || !wanted(row)) continue
    const [service, name, kind] = [serviceOf(tree, row), nameOf(tree, row), kindOf(tree, row)]
    const key = `${service}\n${name}\n${kind}`
    const known = found.get(key) ?? { service, name, kind, count: 0, errors: 0, total: 0, self: 0, longest: -1, longestRow: row }
    const length = tree.duration[row] as number
    known.count += 1
    known.errors += tree.spans.errors[span] ? 1 : 0
    known.total += length
    known.self += self[row] as number
    if (length > known.longest) {
      known.longest = length
      known.longestRow = row
    }
    found.set(key, known)
  }
  return [...found.values()]
}
