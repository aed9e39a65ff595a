// Orders the rows of the span list.
import type { Trace } from '../trace'
import type { TraceView } from '../useTraceView'
import { isError } from '../tree'

export const columnIds = ['start', 'duration', 'self', 'service', 'name', 'kind', 'depth'] as const
export type ColumnId = (typeof columnIds)[number]

export interface Order {
  by: string
  descending: boolean
}

// "-self" is self time, largest first.
export function parseOrder(written: string, allowed: readonly string[], fallback: Order): Order {
  const by = written.replace(/^-/, '')
  return allowed.includes(by) ? { by, descending: written.startsWith('-') } : fallback
}

export const writeOrder = ({ by, descending }: Order): string => (descending ? `-${by}` : by)

export function wantedRow({ tree }: Trace, { muted, errorsOnly, matches }: Pick<TraceView, 'muted' | 'errorsOnly' | 'matches'>): (row: number) => boolean {
  return (row) => {
    const span = tree.spanOf[row] as number
    if (span < 0 || muted.has(tree.spans.services[span] as string)) return false
    return (!errorsOnly || isError(tree, row)) && (matches === null || matches.has(row))
  }
}

export function sortedRows(trace: Trace, wanted: (row: number) => boolean, { by, descending }: Order): Int32Array {
  const { tree, self } = trace
  const rows = new Int32Array(tree.total)
  let count = 0
  for (let row = 0; row < tree.total; row += 1) {
    if (!wanted(row)) continue
    rows[count] = row
    count += 1
  }
  const found = rows.subarray(0, count)
  const sign = descending ? -1 : 1
  const texts = by === 'service' ? tree.spans.services : by === 'name' ? tree.spans.names : by === 'kind' ? tree.spans.kinds : null
  const numbers = { start: tree.start, duration: tree.duration, self, depth: tree.depth }[by]
  if (texts) {
    // Names repeat: ranking each once is far cheaper than comparing texts for every pair.
    const rank = new Map([...new Set(texts)].sort((left, right) => left.localeCompare(right)).map((text, index) => [text, index]))
    const keys = Int32Array.from(tree.spanOf, (span) => rank.get(texts[span] as string) ?? -1)
    return found.sort((left, right) => sign * ((keys[left] as number) - (keys[right] as number)) || left - right)
  }
  return numbers ? found.sort((left, right) => sign * ((numbers[left] as number) - (numbers[right] as number)) || left - right) : found
}
